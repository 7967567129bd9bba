"""Intervals of an order line on the real file: ten networks' quantiles, calibrated on held-out days, judged by group."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from ordercast.quality.online_retail import read_shop
from ordercast.quality.questions import END, SEED, Progress, day
from ordercast.quality.report import table
from ordercast.services.shared.demand.activity import Bools, Floats, Ints
from ordercast.services.shared.demand.conformal import DEFAULT_LEVEL, calibrate, thresholds
from ordercast.services.shared.demand.interval_groups import PRODUCT_LINES, classes, line_groups
from ordercast.services.shared.demand.intervals import Said, interval_scores, intervals
from ordercast.services.trainer.demand_networks.demand_questions import (
    LINE,
    DemandQuestion,
    answer_rows,
    train_question,
)
from ordercast.services.trainer.judging.scores import clip_at
from ordercast.services.trainer.rows.rows import Rows, line_rows
from ordercast.services.trainer.rows.seasons import learnable

KEY: Final = "intervals"
TITLE: Final = "Intervals of an order line"
LEARNED_FROM, LEARNED_UNTIL = day("2011-01-01"), day("2011-08-01")
JUDGED_FROM: Final = day("2011-09-01")
STEPS: Final = END - LEARNED_FROM
# Days whose lines are the held-out ones of a rolling calibration, which is made anew each week.
WINDOW_DAYS: Final = 8 * 7
WEEK: Final = 7
# Expected pieces between which predictions are judged apart.
SIZES: Final = ((0, 5), (5, 20), (20, 100), (100, np.inf))


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
    learned: int
    held_out: int
    groups: tuple[Group, ...]


def judge_real_lines(advance: Progress) -> JudgedIntervals:
    """Learns until July 2011, holds August out, and judges from September on; cancelled pieces are taken off."""
    shop = read_shop(anonymous=False, cancelled=True).activity
    learned = line_rows(shop, LEARNED_FROM, LEARNED_UNTIL, LEARNED_UNTIL, advance)
    return judge_intervals(LINE, learned, line_rows(shop, LEARNED_UNTIL, END, END, advance), JUDGED_FROM)


def judge_intervals(question: DemandQuestion, learned: Rows, later: Rows, judged_from: int) -> JudgedIntervals:
    """Trains on `learned`; the later rows before `judged_from` are held out, the others judged.

    Raises:
        DemandFitRefused: the rows cannot be learned from.
        CalibrationRefused: too few rows are held out.
    """
    features = learnable(learned)
    trained = train_question(question, learned.only(features), clip_at(learned.target), SEED, os.cpu_count() or 1)
    answer = answer_rows(question, trained, later.only(features))
    logs = (np.log1p(column.astype(np.float64)) for column in (answer.low, answer.median, answer.high))
    said = Said(answer.expected.astype(np.float64), *logs)
    lines, known = np.expm1(later.column("product_lines")), later.column("pair_known") > 0
    groups, scores = line_groups(said.mean, lines, known), interval_scores(said, later.target)
    judged = later.moment >= judged_from

    def held(calibrated: Bools, asked: Bools) -> tuple[Bools, Ints]:
        """Whether the asked rows lie in the intervals that the calibrated ones give them, and how wide these are."""
        wide = thresholds(calibrate(scores[calibrated], groups[calibrated]), groups[asked], DEFAULT_LEVEL)
        low, high = intervals(said.where(asked), wide)
        return (later.target[asked] >= low) & (later.target[asked] <= high), high - low

    frozen = held(~judged, judged)
    weeks = [held(before, asked) for before, asked in _weeks(later.moment, judged_from)]
    rolling = tuple(np.concatenate(parts) for parts in zip(*weeks, strict=True))
    order = np.argsort((later.moment[judged] - judged_from) // WEEK, kind="stable")
    unsorted = np.argsort(order, kind="stable")

    def group(name: str, rows: Bools) -> Group:
        return Group(
            name,
            int(rows.sum()),
            *(
                Covered(float(inside[rows].mean()), float(np.median(width[rows])))
                for inside, width in (frozen, (rolling[0][unsorted], rolling[1][unsorted]))
            ),
        )

    named = _named(later.moment[judged], lines[judged], known[judged], said.mean[judged])
    return JudgedIntervals(len(learned), int((~judged).sum()), tuple(group(*one) for one in named if one[1].any()))


def section(judged: JudgedIntervals) -> str:
    """The table, in Markdown."""
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
            f"Learned from {judged.learned:,} rows. Intervals for {DEFAULT_LEVEL:.0%}, in whole pieces, by conformalised "
            "quantile regression by group (`services/shared/demand/intervals.py`): calibrated once on the "
            f"{judged.held_out:,} rows held out before the judged ones, or each week anew on the "
            f"{WINDOW_DAYS // WEEK} weeks before it. Width: pieces from end to end, the median. Cancelled pieces are taken off.",
            table(("rows", "count", "held, once", "width, once", "held, each week", "width, each week"), rows),
        ]
    )


def _weeks(moment: Ints, judged_from: int) -> Iterator[tuple[Bools, Bools]]:
    """By week from `judged_from` on: the rows of the window before it, and its own."""
    for start in range(judged_from, int(moment.max()) + 1, WEEK):
        asked = (moment >= start) & (moment < start + WEEK)
        if asked.any():
            yield (moment >= start - WINDOW_DAYS) & (moment < start), asked


def _named(moment: Ints, lines: Floats, known: Bools, mean: Floats) -> Iterator[tuple[str, Bools]]:
    """The groups that are looked at, all rows first."""
    yield "all", np.ones(len(moment), np.bool_)
    few, many = PRODUCT_LINES
    for place, name in enumerate((f"under {few}", f"{few} to {many - 1}", f"{many} and more")):
        yield f"product with {name} lines", classes(lines, PRODUCT_LINES) == place
    yield "known pair", known
    yield "new pair", ~known
    months = moment.astype("datetime64[D]").astype("datetime64[M]")
    for month in np.unique(months):
        yield str(month), months == month
    for low, high in SIZES:
        yield (
            f"{low} expected pieces and more" + (f", under {high:g}" if high < np.inf else ""),
            (mean >= low) & (mean < high),
        )
