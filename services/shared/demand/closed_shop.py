"""A shop without any order for longer than it ever was: its pairs are asked as of its last order, and expect less week by week.

Networks that saw no such time go on as they happen to within: three months after the last order of a real shop its pairs expected
twenty times what its products did. The products' levels fall by 30 % with each week in which nothing is sold; so do the pairs.
"""

from typing import Final

import numpy as np

from ordercast.services.shared.demand.activity import Floats
from ordercast.services.shared.demand.known import Known, of_days
from ordercast.services.shared.demand.weekly_levels import SMOOTHING

# Days without any order that no shop rests for; after a week of them its products rest, too.
USUAL_SILENCE: Final = 6
# Days with an order from which on a shop's pauses are known.
USUAL_DAYS: Final = 28


def resting_days(known: Known) -> int:
    """Days without an order before the moment, if there was only one longer pause before; 0 while the shop does not rest.

    One: a stray order of years ago makes a pause that says nothing of the shop.
    """
    day = known.days.day[known.days.ordered]
    silent = known.moment - 1 - int(day.max()) if len(day) else 0
    if silent <= USUAL_SILENCE:
        return 0
    with_order = np.flatnonzero(np.bincount(day - day.min()))
    if len(with_order) < USUAL_DAYS:
        return 0
    return silent if silent > np.sort(np.diff(with_order) - 1)[-2] else 0


def as_last_open(known: Known) -> Known:
    """The state on the day after the last order, of orders that are left at the moment itself."""
    moment = int(known.days.day[known.days.ordered].max()) + 1
    days = known.days.where(known.days.day < moment)
    return of_days(known.activity, moment, days, known.cap, known.account_orders)


def left_of(resting: Floats) -> Floats:
    """The share that is left after so many days, log(1 + days), as smoothing forgets."""
    return np.asarray((1 - SMOOTHING) ** (np.rint(np.expm1(resting)) / 7), np.float64)
