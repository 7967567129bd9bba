"""Calibrations of a version made anew from what came to be known lately: intervals follow a shop that drifts.

Those of products by week are also made wider or narrower by what the last weeks' intervals held (`adaptive_tails`).

The networks stay as they are, and only rows that they did not learn from are looked at: those held out by the training, and
all that came after.
"""

from collections.abc import Mapping
from typing import Final

from ordercast.contracts.demand_manifest import MOST_WEEKS
from ordercast.services.shared.demand.activity import Activity
from ordercast.services.shared.demand.adaptive_tails import WEEK, WINDOW_DAYS, adapted
from ordercast.services.shared.demand.calibrate_demand import calibrations_of, scored_of
from ordercast.services.shared.demand.conformal import (
    DEFAULT_LEVEL,
    DEFAULT_SERVICE_LEVEL,
    Calibration,
    CalibrationRefused,
)
from ordercast.services.shared.demand.demand_model import DemandModel
from ordercast.services.shared.demand.rows import pair_rows, product_rows

# Days between the moments of pairs: each has all pairs known so far.
PAIR_STEP: Final = 14
# Pairs that are looked at of one moment: groups of a thousandth of them still have thresholds of their own.
MOST_PAIRS: Final = 100_000
# Levels that are asked for most: by these it is told what was missed.
LEVELS: Final = {"week": DEFAULT_LEVEL, "stock": DEFAULT_SERVICE_LEVEL}


def calibration_day(moment: int, until: int) -> int:
    """The day by which all outcomes were known: whole weeks after the training's `until`, and never before it."""
    return until + max(moment - until, 0) // WEEK * WEEK


def recalibrated(
    model: DemandModel, activity: Activity, until: int, day: int, horizon_days: int
) -> Mapping[str, Calibration]:
    """The model's calibrations, those anew for which enough came to be known in the `WINDOW_DAYS` before `day`.

    Order lines keep the training's: no interval of theirs is served.

    Args:
        model: a version whose training was told nothing from `until` on.
        activity: of the shop; what was known before `day` is used.
        until: a day, counted from 1970-01-01, as `day`.
        day: of the calibration.
        horizon_days: within which the version's pairs order.
    """
    known = activity.row_known_on[activity.row_known_on < day]
    if not (activity.sums["quantity"][: len(known)][known >= day - WINDOW_DAYS] > 0).any():
        return model.calibrations  # a shop that is closed, or whose events do not arrive, says nothing of later orders
    return {
        **model.calibrations,
        **_of_pairs(model, activity, until, day, horizon_days),
        **_of_products(model, activity, until, day),
    }


def _of_pairs(
    model: DemandModel, activity: Activity, until: int, day: int, horizon_days: int
) -> Mapping[str, Calibration]:
    moments = pair_moments(until, day, horizon_days)
    try:
        rows = pair_rows(activity, moments, horizon_days, day, most=MOST_PAIRS, before=model.before)
        return calibrations_of(model, {"pair": rows})
    except CalibrationRefused:
        return {}  # too little came to be known of them


def _of_products(model: DemandModel, activity: Activity, until: int, day: int) -> Mapping[str, Calibration]:
    """Of each kind of which enough came to be known."""
    made = {}
    rows = product_rows(activity, product_moments(until, day), MOST_WEEKS, day, before=model.before)
    for kind, scored in scored_of(model, "product", rows).items():
        try:
            made[kind] = adapted(scored, until, day, LEVELS[kind])
        except CalibrationRefused:
            continue
    return made


def pair_moments(until: int, day: int, horizon_days: int) -> range:
    """From the one that the training held out on, those whose horizon ended within the window."""
    first = until - horizon_days
    before_window = max(day - WINDOW_DAYS - horizon_days - first, -1)
    return range(first + (before_window // PAIR_STEP + 1) * PAIR_STEP, day - horizon_days + 1, PAIR_STEP)


def product_moments(until: int, day: int) -> range:
    """Those that the calibration of any week of the window before is made of, none longer before `until` than every training holds
    out."""
    first = max(until, day - WINDOW_DAYS)
    return range(max(until - WEEK * MOST_WEEKS, first - WINDOW_DAYS - WEEK * (MOST_WEEKS - 1)), day, WEEK)
