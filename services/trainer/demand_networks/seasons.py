"""Which features rows can teach: a season that was not seen whole is extrapolated, and wrongly; a repeated level counts twice."""

from typing import Final

import numpy as np

from ordercast.services.shared.demand.feature_list import SHOP_RESTS, Feature
from ordercast.services.shared.demand.rows import Rows

# From one summer a model learns that every autumn is one; a year has to be there, each day of it once.
YEAR_DAYS: Final = 365
# With fewer moments each weekday stands for a date or two.
FEWEST_MOMENTS: Final = 28
# What a feature falls back to where there is nothing of its own. Given twice, a level weighs twice in each network and tree: on
# the real file, which has no visits, intervals of products held 0.5 % less for it.
REPEATS: Final = {"visit_level": "level"}


def learnable(rows: Rows) -> tuple[Feature, ...]:
    """The features but for the calendar's of which the rows' moments are too few, those that repeat another in each row, and how
    long the shop rests, for which a rule answers."""
    moments = np.unique(rows.moment)
    unseen = [SHOP_RESTS]
    if not len(moments) or moments[-1] - moments[0] < YEAR_DAYS:
        unseen.append("year_")
    if len(moments) < FEWEST_MOMENTS:
        unseen.append("weekday_")
    return tuple(
        feature
        for feature in rows.features
        if not feature.name.startswith(tuple(unseen)) and not _repeats(rows, feature.name)
    )


def _repeats(rows: Rows, name: str) -> bool:
    """Whether it is the other in all rows, but for what rounding makes of a logarithm and back."""
    if name not in REPEATS:
        return False
    return bool(np.allclose(rows.column(name), rows.column(REPEATS[name]), rtol=0, atol=1e-9))
