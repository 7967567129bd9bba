"""Calibrations of a model's intervals and stock levels, on rows that its networks did not learn from."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from ordercast.contracts.demand_manifest import Question
from ordercast.services.shared.demand.activity import Floats, Ints
from ordercast.services.shared.demand.conformal import Calibration, CalibrationRefused, calibrate
from ordercast.services.shared.demand.demand_model import DemandModel
from ordercast.services.shared.demand.intervals import interval_scores, upper_scores
from ordercast.services.shared.demand.rows import Rows, pieces_together, weeks_told

# Scores, groups, pieces, and what each row tells of, as `calibrate` takes them.
Scored = tuple[Floats, Ints, Ints, Ints | None]


def calibrations_of(
    model: DemandModel, held_out: Mapping[Question, Rows], known_after: int = 0
) -> dict[str, Calibration]:
    """By kind, as `DemandModel` names them, of the questions that rows are held out for.

    Args:
        model: its networks answer; its calibrations are not looked at.
        held_out: rows by question; of products those of a moment from the first week on.
        known_after: weeks of products that were over by this day, counted from 1970-01-01, are left out.

    Raises:
        CalibrationRefused: too few rows are held out.
    """
    calibrations = {}
    for kind, (question, scored) in _KINDS.items():
        if question in held_out:
            try:
                calibrations[kind] = calibrate(*scored(model, held_out[question], known_after))
            except CalibrationRefused as error:
                raise CalibrationRefused(f"{kind}: {error}") from error
    return calibrations


def _pairs(model: DemandModel, rows: Rows, _: int) -> Scored:
    said, groups = model.said_of_pairs(rows.values)[1:]
    return interval_scores(said, rows.target), groups, rows.target, None


def _lines(model: DemandModel, rows: Rows, _: int) -> Scored:
    said, groups = model.said_of_lines(rows.values)[1:]
    return interval_scores(said, rows.target), groups, rows.target, None


def _weeks(model: DemandModel, rows: Rows, known_after: int) -> Scored:
    """Of single weeks."""

    def scored(ahead: int, of_week: Rows) -> Scored:
        said, groups = model.said_of_week(of_week.values, ahead)
        return interval_scores(said, of_week.target), groups, of_week.target, weeks_told(of_week)

    rows = _known_after(rows, known_after)
    return _together(scored(ahead, rows.where(rows.weeks_ahead == ahead)) for ahead in np.unique(rows.weeks_ahead))


def _stock(model: DemandModel, rows: Rows, known_after: int) -> Scored:
    """Of the first weeks together, for each number of weeks that has gone by."""

    def scored(weeks: int, of_weeks: Rows) -> Scored:
        said, groups = model.said_of_weeks_together(of_weeks.values, weeks)
        told = weeks_told(of_weeks, 7 * weeks)
        return upper_scores(said, of_weeks.target), groups, of_weeks.target, told

    rows = _known_after(replace(rows, target=pieces_together(rows)), known_after)
    return _together(scored(weeks, rows.where(rows.weeks_ahead == weeks)) for weeks in np.unique(rows.weeks_ahead))


_KINDS: Final[Mapping[str, tuple[Question, Callable[[DemandModel, Rows, int], Scored]]]] = {
    "pair": ("pair", _pairs),
    "line": ("line", _lines),
    "week": ("product", _weeks),
    "stock": ("product", _stock),
}


def _known_after(rows: Rows, day: int) -> Rows:
    return rows.where(rows.moment + 7 * rows.weeks_ahead > day)


def _together(parts: Iterable[Scored]) -> Scored:
    found = list(parts)
    if not found:
        return np.zeros(0), np.zeros((0, 2), np.int64), np.zeros(0, np.int64), None
    scores, groups, pieces, told = (np.concatenate(column) for column in zip(*found, strict=True))
    return scores, groups, pieces, told
