"""How many held-out rows lie inside the intervals of other accounts' held-out rows, by group.

Intervals hold on the rows that they were made of by construction. So the accounts (or products) are split into two halves, and each
half is looked at with thresholds out of the other.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import numpy as np

from ordercast.contracts.demand_manifest import Question
from ordercast.contracts.diagnostics import COVERED_LEVEL, Coverage
from ordercast.services.shared.demand.activity import Bools, Floats, Ints
from ordercast.services.shared.demand.conformal import CalibrationRefused, calibrate, thresholds
from ordercast.services.shared.demand.demand_model import DemandModel
from ordercast.services.shared.demand.interval_groups import PAIR_PIECES, PRODUCT_LINES, classes
from ordercast.services.shared.demand.intervals import interval_scores
from ordercast.services.shared.demand.rows import Rows, weeks_told
from ordercast.services.trainer.training.diagnose import rounded

# Expected pieces from which on a row of lines or weeks is in the next group of the table.
_SIZES: Final = (2, 8, 32)


def coverage(model: DemandModel, question: Question, held: Rows) -> tuple[Coverage, ...]:
    """By group; empty where a half has too few rows for intervals."""
    expected, scores, groups = _scored(model, question, held)
    key = held.account_id if held.account_id.any() else held.product_id
    told, accounts = (weeks_told(held), None) if question == "product" else (None, held.account_id)
    half = np.unique(key, return_inverse=True)[1] % 2 == 0
    inside = np.empty(len(held), np.bool_)
    try:
        for these in (half, ~half):
            made = calibrate(
                *(scores[~these], groups[~these], None),
                cells=None if told is None else told[~these],
                accounts=None if accounts is None else accounts[~these],
            )
            inside[these] = scores[these] <= thresholds(made, groups[these], COVERED_LEVEL)
    except CalibrationRefused:
        return ()
    return tuple(
        Coverage(name, int(rows.sum()), rounded(inside[rows].mean()))
        for name, rows in _groups(question, held, expected)
        if rows.any()
    )


def _scored(model: DemandModel, question: Question, held: Rows) -> tuple[Floats, Floats, Ints]:
    """Expected pieces, scores and groups of intervals by row."""
    if question != "product":
        _, said, groups = (model.said_of_pairs if question == "pair" else model.said_of_lines)(held.values)
        return said.mean, interval_scores(said, held.target), groups
    weeks = [np.flatnonzero(held.weeks_ahead == ahead) for ahead in np.unique(held.weeks_ahead)]
    of_week = [model.said_of_week(held.values[rows], int(held.weeks_ahead[rows[0]])) for rows in weeks]
    scores = [interval_scores(said, held.target[rows]) for (said, _), rows in zip(of_week, weeks, strict=True)]
    by_row = np.argsort(np.concatenate(weeks))
    expected, groups = (
        np.concatenate(parts)[by_row] for parts in zip(*((said.mean, g) for said, g in of_week), strict=True)
    )
    return expected, np.concatenate(scores)[by_row], groups


def _groups(question: Question, held: Rows, expected: Floats) -> Iterator[tuple[str, Bools]]:
    yield "all", np.ones(len(held), np.bool_)
    lines = np.expm1(held.column("lines" if question == "product" else "product_lines"))
    yield from _by_class("product with {} order lines", lines, PRODUCT_LINES)
    if question != "product":
        known = held.column("pair_known") > 0
        yield "pair that ordered before", known
        yield "pair without an order before", ~known
    yield from _by_class("{} pieces expected", expected, PAIR_PIECES if question == "pair" else _SIZES)


def _by_class(words: str, values: Floats, edges: tuple[int, ...]) -> Iterator[tuple[str, Bools]]:
    place = classes(values, edges)
    ranges = [f"under {edges[0]}", *(f"{low} to {high}" for low, high in pairwise(edges))]
    for number, text in enumerate([*ranges, f"{edges[-1]} or more"]):
        yield words.format(text), place == number
