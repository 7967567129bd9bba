"""Which calendar features rows can teach: a season that was not seen whole is extrapolated, and wrongly."""

from typing import Final

import numpy as np

from ordercast.services.shared.demand.feature_list import Feature
from ordercast.services.shared.demand.rows import Rows

# From one summer a model learns that every autumn is one; a year has to be there, each day of it once.
YEAR_DAYS: Final = 365
# With fewer moments each weekday stands for a date or two.
FEWEST_MOMENTS: Final = 28


def learnable(rows: Rows) -> tuple[Feature, ...]:
    """The features but for the calendar's of which the rows' moments are too few."""
    moments = np.unique(rows.moment)
    unseen = []
    if not len(moments) or moments[-1] - moments[0] < YEAR_DAYS:
        unseen.append("year_")
    if len(moments) < FEWEST_MOMENTS:
        unseen.append("weekday_")
    return tuple(feature for feature in rows.features if not feature.name.startswith(tuple(unseen)))
