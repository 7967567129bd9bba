"""Calibrations of a model's intervals and stock levels, on the rows that were held out."""

import numpy as np

from ordercast.contracts.demand_manifest import MOST_WEEKS
from ordercast.services.shared.demand.activity import Floats, Ints
from ordercast.services.shared.demand.conformal import Calibration, CalibrationRefused, calibrate
from ordercast.services.shared.demand.demand_model import DemandModel
from ordercast.services.shared.demand.intervals import interval_scores, upper_scores
from ordercast.services.shared.demand.rows import Rows


def calibrations_of(model: DemandModel, pairs: Rows, lines: Rows, products: Rows) -> dict[str, Calibration]:
    """By kind, as `DemandModel` names them.

    Raises:
        CalibrationRefused: too few rows are held out.
    """
    _, pair, pair_groups = model.said_of_pairs(pairs.values)
    _, line, line_groups = model.said_of_lines(lines.values)
    scored = {
        "pair": (interval_scores(pair, pairs.target), pair_groups),
        "line": (interval_scores(line, lines.target), line_groups),
        "week": _weeks(model, products),
        "stock": _stock(model, products),
    }
    calibrations = {}
    for kind, (scores, groups) in scored.items():
        try:
            calibrations[kind] = calibrate(scores, groups)
        except CalibrationRefused as error:
            raise CalibrationRefused(f"{kind}: {error}") from error
    return calibrations


def _weeks(model: DemandModel, products: Rows) -> tuple[Floats, Ints]:
    """Scores and groups of single weeks."""
    parts = []
    for ahead in np.unique(products.weeks_ahead).tolist():
        rows = products.where(products.weeks_ahead == ahead)
        said, groups = model.said_of_week(rows.values, ahead)
        parts.append((interval_scores(said, rows.target), groups))
    return _together(parts)


def _stock(model: DemandModel, products: Rows) -> tuple[Floats, Ints]:
    """The same of the first weeks together, for each number of weeks that has gone by."""
    order = np.lexsort((products.weeks_ahead, products.product_id, products.moment))
    first = np.flatnonzero(products.weeks_ahead[order] == 1)
    before = np.cumsum(products.target[order]) - products.target[order]
    sums = np.empty(len(order), np.int64)
    sums[order] = before + products.target[order] - np.repeat(before[first], np.diff(first, append=len(order)))
    parts = []
    for weeks in range(1, MOST_WEEKS + 1):
        whole = products.weeks_ahead == weeks
        if whole.any():
            said, groups = model.said_of_weeks_together(products.values[whole], weeks)
            parts.append((upper_scores(said, sums[whole]), groups))
    return _together(parts)


def _together(parts: list[tuple[Floats, Ints]]) -> tuple[Floats, Ints]:
    if not parts:
        return np.zeros(0), np.zeros((0, 2), np.int64)
    scores, groups = zip(*parts, strict=True)
    return np.concatenate(scores), np.concatenate(groups)
