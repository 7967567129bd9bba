"""Which moments a training of `demand` learns from, and which it is judged and calibrated on: always the last before `until`."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np

from ordercast.contracts.because import because
from ordercast.contracts.demand_manifest import MOST_WEEKS
from ordercast.services.shared.demand.activity import Activity
from ordercast.services.shared.demand.conformal import FEWEST_IN_ALL, FEWEST_IN_GROUP
from ordercast.services.trainer.errors import UnusableTrainingSet

# Moments of pairs to learn from, each a horizon after the one before: more where a shop has so few pairs that theirs make fewer
# rows than that, which cost a training some seconds.
PAIR_MOMENTS: Final = 3
MOST_PAIR_MOMENTS: Final = 9
ENOUGH_PAIR_ROWS: Final = 100_000
# Order lines of the last days are held out, of more days where these have few; a line of the first days has no history to be
# told from.
LINE_DAYS: Final = 28
MOST_LINE_DAYS: Final = 84
# What is learned from is this old at most: in a long history time and memory would grow by what no longer holds, and one event with
# a date of 1970 would bring fifty years of empty days.
LEARNED_DAYS: Final = 3 * 365
# Weeks of products that are held out where there are so few of them that eight weeks make too few rows to judge and calibrate by.
FEW_PRODUCTS_WEEKS: Final = 20
# Days of history that a product's first moment needs: a level over some weeks, and orders both long before and lately.
PRODUCT_HISTORY_DAYS: Final = 56


@dataclass(frozen=True, slots=True)
class Periods:
    """Days since 1970-01-01. What happened on `until` or later is not used, and on the day before it something did.

    Pairs and products are asked at moments; lines are those from a day on and before another.
    """

    pairs_learned: tuple[int, ...]
    pairs_judged: int
    lines_learned: range
    lines_judged: range
    products_learned: range
    products_judged: range
    first_day: int
    until: int


def periods_of(activity: Activity, until: int | None, horizon_days: int) -> Periods:
    """The moments: of all that is known, or of what was known before `until`.

    Raises:
        UnusableTrainingSet: there is no activity before `until`, or too short a history.
    """
    known = activity.row_known_on if until is None else activity.row_known_on[activity.row_known_on < until]
    if not len(known):
        raise UnusableTrainingSet("there is no data to train on: nothing was ordered or viewed", because("no-data"))
    first_day = int(activity.pair_day_day[activity.row_pair_day[: len(known)]].min())
    until = int(known[-1]) + 1  # days of which nothing is known yet would look like days without orders
    weeks = 7 * MOST_WEEKS
    needed = max(3 * horizon_days, LINE_DAYS + MOST_LINE_DAYS + 1, PRODUCT_HISTORY_DAYS + 7 + weeks)
    if until - first_day < needed:
        raise UnusableTrainingSet(
            f"the history is too short: {until - first_day} days from {date_of(first_day)} until {date_of(until)}, needed are "
            f"{needed} for a horizon of {horizon_days} days",
            because(
                "history-too-short",
                days=until - first_day,
                first=str(date_of(first_day)),
                until=str(date_of(until)),
                needed=needed,
                horizon=horizon_days,
            ),
        )
    judged = until - horizon_days
    learned = (judged - number * horizon_days for number in range(1, _pair_moments(activity, until) + 1))
    lines_judged = _lines_judged(activity, until)
    held_out = until - 7 * _weeks_judged(activity, first_day, until)
    moments = min(held_out - first_day - PRODUCT_HISTORY_DAYS, LEARNED_DAYS) // 7
    return Periods(
        pairs_learned=tuple(moment for moment in learned if moment >= first_day + horizon_days),
        pairs_judged=judged,
        lines_learned=range(max(first_day + LINE_DAYS, lines_judged.start - LEARNED_DAYS), lines_judged.start),
        lines_judged=lines_judged,
        products_learned=range(held_out - 7 * moments, held_out, 7),
        products_judged=range(held_out, until, 7),
        first_day=first_day,
        until=until,
    )


def ended_before(activity: Activity, until: int, horizon_days: int) -> int | None:
    """The last day before `until` up to which there is enough to be judged by and to learn from: after it hardly anything was
    ordered. None where there is no such day, or where lines enough are of the last weeks, and some within the horizon: then the
    history has not ended, whatever else there is too little of."""
    rows = activity.row_known_on < until
    net = (activity.sums["quantity"] - activity.sums["cancelled_quantity"])[rows]
    lines = np.bincount(activity.row_pair_day[rows], net, minlength=len(activity.pair_day_day)) > 0
    days = np.sort(activity.pair_day_day[lines])
    if (days >= until - MOST_LINE_DAYS).sum() >= FEWEST_IN_ALL and days[-1] >= until - horizon_days:
        return None
    lately = np.arange(1, len(days) + 1) - np.searchsorted(days, days - MOST_LINE_DAYS + 1)
    ends = days[lately >= FEWEST_IN_ALL] + 1
    if not len(ends) or ends[-1] == until:
        return None
    try:
        learned = periods_of(activity, int(ends[-1]), horizon_days).lines_learned
    except UnusableTrainingSet:
        return None
    return int(ends[-1]) if np.isin(days, learned).any() else None


def _pair_moments(activity: Activity, until: int) -> int:
    pair_days = activity.row_pair_day[activity.row_known_on < until]
    pairs = len(np.unique(activity.pair_day_pair[pair_days]))
    return min(max(PAIR_MOMENTS, ENOUGH_PAIR_ROWS // pairs), MOST_PAIR_MOMENTS)


def _weeks_judged(activity: Activity, first_day: int, until: int) -> int:
    """More where products are few, as long as more are left to learn from."""
    lately = activity.row_pair_day[(activity.row_known_on < until) & (activity.sums["quantity"] > 0)]
    lately = lately[activity.pair_day_day[lately] >= until - 7 * MOST_WEEKS]
    products = len(np.unique(activity.pair_product[activity.pair_day_pair[lately]]))
    rows = products * MOST_WEEKS * (MOST_WEEKS + 1) // 2
    history = (until - first_day - PRODUCT_HISTORY_DAYS) // 7
    return FEW_PRODUCTS_WEEKS if rows < FEWEST_IN_ALL and history > 2 * FEW_PRODUCTS_WEEKS else MOST_WEEKS


def _lines_judged(activity: Activity, until: int) -> range:
    """The last days, as many as it takes for groups of lines to have intervals of their own."""
    rows = activity.row_known_on < until
    ordered = np.unique(activity.row_pair_day[rows & (activity.sums["quantity"] > 0)])
    days = LINE_DAYS
    while days < MOST_LINE_DAYS and (activity.pair_day_day[ordered] >= until - days).sum() < FEWEST_IN_GROUP:
        days += LINE_DAYS
    return range(until - days, until)


def date_of(day: int) -> date:
    """The date of a day counted from 1970-01-01."""
    return date(1970, 1, 1) + timedelta(days=day)
