"""Whether intervals and stock levels hold what they say, by group: calibrated once, and anew each week."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from ordercast.quality.report import table
from ordercast.services.shared.demand.activity import Bools, Floats, Ints
from ordercast.services.shared.demand.adaptive_tails import WEEK, WINDOW_DAYS, adapted, calibrated_at
from ordercast.services.shared.demand.conformal import (
    DEFAULT_LEVEL,
    DEFAULT_SERVICE_LEVEL,
    Calibration,
    most_pieces,
    thresholds,
)
from ordercast.services.shared.demand.intervals import Said, interval_scores, intervals, stock, uncut, upper_scores
from ordercast.services.shared.demand.scored import Scored


@dataclass(frozen=True, slots=True)
class Form:
    """Scores of what happened, the lowest and highest pieces that thresholds give, and the level that is asked for.

    A group holds if its share is no less than `least`, and no more than `most`.
    """

    scores: Callable[[Said, Ints], Floats]
    ends: Callable[[Said, Floats, Ints], tuple[Ints, Ints]]
    level: float
    least: float
    most: float


TWO_SIDED: Final = Form(interval_scores, intervals, DEFAULT_LEVEL, least=0.87, most=1.0)
STOCK: Final = Form(
    upper_scores,
    lambda said, wide, most: (np.zeros(len(wide), np.int64), stock(said, wide, most)),
    DEFAULT_SERVICE_LEVEL,
    least=0.94,
    most=0.96,
)


@dataclass(frozen=True, slots=True)
class Later:
    """Rows after those learned from: what the networks say of them, as of `moment`, and what was known from `known_on` on. `told`:
    what each row tells of, where several tell of the same; `accounts`: whose each is. `adapts`: what each week's intervals held
    moves the next ones'."""

    said: Said
    groups: Ints
    target: Ints
    moment: Ints
    known_on: Ints
    told: Ints | None = None
    adapts: bool = False
    accounts: Ints | None = None


@dataclass(frozen=True, slots=True)
class Covered:
    """How many of a group's rows lie in their intervals, and the pieces from end to end of the one in the middle."""

    share: float
    width: float


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    rows: int
    frozen: Covered
    rolling: Covered


@dataclass(frozen=True, slots=True)
class JudgedIntervals:
    """`learned` and `held_out` rows of the frozen calibration; all rows are the first of the groups."""

    form: Form
    learned: int
    held_out: int
    groups: tuple[Group, ...]
    adapts: bool = False


def judge_intervals(
    form: Form, learned: int, later: Later, judged_from: int, looked_at: Iterable[tuple[str, Bools]]
) -> JudgedIntervals:
    """Calibrates on what was known at `judged_from`, and each week on what came to be known in the weeks before it.

    Args:
        form: two-sided or a stock level.
        learned: how many rows the networks learned from.
        later: those before `judged_from` are held out, the others judged.
        judged_from: a day; a multiple of weeks after it calibrations are made.
        looked_at: names and rows of the groups, of all later rows.

    Raises:
        CalibrationRefused: too few rows are held out.
    """
    scores, known_on = form.scores(later.said, later.target), later.known_on
    scored = Scored(
        *(scores, later.groups, later.target, later.told, uncut(later.said), later.moment, known_on, later.accounts)
    )
    judged = later.moment >= judged_from

    def ends(made: Calibration, asked: Bools) -> tuple[Ints, Ints]:
        wide, most = thresholds(made, later.groups[asked], form.level), most_pieces(made, later.groups[asked])
        return form.ends(later.said.where(asked), wide, most)

    @cache
    def of_week(start: int) -> Calibration:
        return calibrated_at(scored, start)

    held_out = known_on <= judged_from
    frozen, rolling = np.zeros((2, len(judged)), np.int64), np.zeros((2, len(judged)), np.int64)
    frozen[:, judged] = ends(scored.where(held_out).calibrated(), judged)
    for start, asked in _weeks(later, judged_from):
        made = adapted(scored, judged_from, start, form.level, of_week) if later.adapts else of_week(start)
        rolling[:, asked] = ends(made, asked)

    def covered(found: Ints, rows: Bools) -> Covered:
        lowest, highest = found
        inside = (later.target >= lowest) & (later.target <= highest)
        return Covered(float(inside[rows].mean()), float(np.median((highest - lowest)[rows])))

    groups = tuple(
        Group(name, int(rows.sum()), covered(frozen, rows), covered(rolling, rows))
        for name, rows in ((name, rows & judged) for name, rows in looked_at)
        if rows.any()
    )
    return JudgedIntervals(form, learned, int(held_out.sum()), groups, later.adapts)


def section(judged: JudgedIntervals, words: str) -> str:
    """The rows in words, the table, and which groups do not hold, in Markdown."""
    form = judged.form
    adapting = ", made wider or narrower by what the weeks before held" if judged.adapts else ""
    rows = [
        (
            group.name,
            f"{group.rows:,}",
            *(text for one in (group.frozen, group.rolling) for text in (f"{one.share:.1%}", f"{one.width:g}")),
        )
        for group in judged.groups
    ]
    return "\n\n".join(
        [
            f"{words} For {form.level:.0%}, in whole pieces (`services/shared/demand/intervals.py`). Learned from "
            f"{judged.learned:,} rows; calibrated once on the {judged.held_out:,} of which all was known before the judged "
            f"ones, or each week anew on what came to be known in the {WINDOW_DAYS // WEEK} weeks before it{adapting}. Width: "
            "pieces from end to end, the median. Cancelled pieces are taken off.",
            table(("rows", "count", "held, once", "width, once", "held, each week", "width, each week"), rows),
            _failing(form, judged.groups),
        ]
    )


def _failing(form: Form, groups: Sequence[Group]) -> str:
    """The groups whose share is out of bounds even where calibrations are made each week."""
    bounds = f"{form.least:.0%} or more" if form.most >= 1 else f"{form.least:.0%} to {form.most:.0%}"
    names = [
        f"{group.name} ({group.rolling.share:.1%})"
        for group in groups
        if not form.least <= group.rolling.share <= form.most
    ]
    if not names:
        return f"Calibrated each week, every group holds {bounds}."
    return f"Calibrated each week, all groups hold {bounds} but: {', '.join(names)}."


def _weeks(later: Later, judged_from: int) -> Iterator[tuple[int, Bools]]:
    """The weeks from `judged_from` on, and their rows."""
    for start in range(judged_from, int(later.moment.max()) + 1, WEEK):
        asked = (later.moment >= start) & (later.moment < start + WEEK)
        if asked.any():
            yield start, asked
