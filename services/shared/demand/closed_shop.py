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
# A pause is unusual that is longer than so many usual ones, and than so many days: some orders come in late.
FAR_TIMES: Final = 2
FAR_DAYS: Final = 3


def resting_days(known: Known) -> int:
    """Days without an order before the moment, if there was only one longer pause before; 0 while the shop does not rest.

    One: a stray order of years ago makes a pause that says nothing of the shop.
    """
    silent, longest = _pauses(known)
    return silent if longest is not None and silent > max(longest, USUAL_SILENCE) else 0


def unusual_pause(known: Known) -> int:
    """Days without an order before the moment, if they are far more than the shop's usual pauses; else 0.

    Of a shop that sells each day that is sooner than it rests: more likely its history has ended, and is not brought in further.
    """
    silent, longest = _pauses(known)
    return silent if longest is not None and silent > max(FAR_TIMES * longest, FAR_DAYS) else 0


def _pauses(known: Known) -> tuple[int, int | None]:
    """Days without an order before the moment, and those of the longest pause but one; None while pauses are not known."""
    day = known.days.day[known.days.ordered]
    if not len(day):
        return 0, None
    with_order = np.flatnonzero(np.bincount(day - day.min()))
    longest = int(np.sort(np.diff(with_order) - 1)[-2]) if len(with_order) >= USUAL_DAYS else None
    return known.moment - 1 - int(day.max()), longest


def as_last_open(known: Known) -> Known:
    """The state on the day after the last order, of orders that are left at the moment itself."""
    moment = int(known.days.day[known.days.ordered].max()) + 1
    days = known.days.where(known.days.day < moment)
    return of_days(known.activity, moment, days, known.cap, known.account_orders)


def left_of(resting: Floats) -> Floats:
    """The share that is left after so many days, log(1 + days), as smoothing forgets."""
    return np.asarray((1 - SMOOTHING) ** (np.rint(np.expm1(resting)) / 7), np.float64)
