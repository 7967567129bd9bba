"""Calibrations of a model's intervals and stock levels, on rows that its networks did not learn from."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from ordercast.contracts.demand_manifest import Question
from ordercast.services.shared.demand.conformal import Calibration, CalibrationRefused, Ints
from ordercast.services.shared.demand.demand_model import DemandModel
from ordercast.services.shared.demand.intervals import Said, interval_scores, uncut, upper_scores
from ordercast.services.shared.demand.rows import Rows, pieces_together, weeks_told
from ordercast.services.shared.demand.scored import Scored


def calibrations_of(model: DemandModel, held_out: Mapping[Question, Rows]) -> dict[str, Calibration]:
    """By kind, as `DemandModel` names them, of the questions that rows are held out for.

    Args:
        model: its networks answer; its calibrations are not looked at.
        held_out: rows by question; of products those of a moment from the first week on.

    Raises:
        CalibrationRefused: too few rows are held out.
    """
    calibrations = {}
    for question, rows in held_out.items():
        for kind, scored in scored_of(model, question, rows).items():
            try:
                calibrations[kind] = scored.calibrated()
            except CalibrationRefused as error:
                raise CalibrationRefused(f"{kind}: {error}") from error
    return calibrations


def scored_of(model: DemandModel, question: Question, rows: Rows) -> dict[str, Scored]:
    """By kind, what the model says of the rows against what came."""
    return {kind: scored(model, rows) for kind, (of, scored) in _KINDS.items() if of == question}


def _pairs(model: DemandModel, rows: Rows) -> Scored:
    said, groups = model.said_of_pairs(rows.values)[1:]
    known_on = rows.moment + model.questions["pair"].horizon_days
    return _of_accounts(said, groups, rows, known_on)


def _lines(model: DemandModel, rows: Rows) -> Scored:
    said, groups = model.said_of_lines(rows.values)[1:]
    return _of_accounts(said, groups, rows, rows.moment + 1)


def _of_accounts(said: Said, groups: Ints, rows: Rows, known_on: Ints) -> Scored:
    scores = interval_scores(said, rows.target)
    return Scored(scores, groups, rows.target, None, uncut(said), rows.moment, known_on, rows.account_id)


def _weeks(model: DemandModel, rows: Rows) -> Scored:
    """Of single weeks."""

    def scored(ahead: int, of_week: Rows) -> Scored:
        said, groups = model.said_of_week(of_week.values, ahead)
        scores, known_on = interval_scores(said, of_week.target), of_week.moment + 7 * ahead
        return Scored(scores, groups, of_week.target, weeks_told(of_week), uncut(said), of_week.moment, known_on)

    return _together(scored(ahead, rows.where(rows.weeks_ahead == ahead)) for ahead in np.unique(rows.weeks_ahead))


def _stock(model: DemandModel, rows: Rows) -> Scored:
    """Of the first weeks together, for each number of weeks that has gone by."""

    def scored(weeks: int, of_weeks: Rows) -> Scored:
        said, groups = model.said_of_weeks_together(of_weeks.values, weeks)
        scores, known_on = upper_scores(said, of_weeks.target), of_weeks.moment + 7 * weeks
        told = weeks_told(of_weeks, 7 * weeks)
        return Scored(scores, groups, of_weeks.target, told, uncut(said), of_weeks.moment, known_on)

    rows = replace(rows, target=pieces_together(rows))
    return _together(scored(weeks, rows.where(rows.weeks_ahead == weeks)) for weeks in np.unique(rows.weeks_ahead))


_KINDS: Final[Mapping[str, tuple[Question, Callable[[DemandModel, Rows], Scored]]]] = {
    "pair": ("pair", _pairs),
    "line": ("line", _lines),
    "week": ("product", _weeks),
    "stock": ("product", _stock),
}


def _together(parts: Iterable[Scored]) -> Scored:
    found = list(parts)
    if not found:
        none = np.zeros(0, np.int64)
        return Scored(np.zeros(0), np.zeros((0, 2), np.int64), none, none, none, none, none)
    return Scored(
        scores=np.concatenate([part.scores for part in found]),
        groups=np.concatenate([part.groups for part in found]),
        pieces=np.concatenate([part.pieces for part in found]),
        cells=np.concatenate([part.cells for part in found if part.cells is not None]),
        uncut=np.concatenate([part.uncut for part in found]),
        moment=np.concatenate([part.moment for part in found]),
        known_on=np.concatenate([part.known_on for part in found]),
    )
