"""What needs no learning, for whoever judges by it."""

from typing import Final

import numpy as np

from ordercast.services.shared.demand.activity import Floats

# A pair that is younger has no rate of its own yet.
YOUNGEST_DAYS: Final = 56


def rate_so_far(log_so_far: Floats, log_days_since_first: Floats, horizon_days: int) -> Floats:
    """What pairs had by day until now, for the days of the horizon; both features are log(1 + x)."""
    days = np.maximum(np.expm1(log_days_since_first), YOUNGEST_DAYS)
    return np.asarray(np.expm1(log_so_far) / days * horizon_days, np.float64)
