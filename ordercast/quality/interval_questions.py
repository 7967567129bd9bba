"""Intervals of lines, pairs and products by week, and stock for several weeks, on the real file: which rows, which groups."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ordercast.contracts.demand_manifest import MOST_WEEKS, Question
from ordercast.quality.intervals import STOCK, TWO_SIDED, Form, JudgedIntervals, Later, judge_intervals
from ordercast.quality.online_retail import read_shop
from ordercast.quality.questions import END, HORIZON_DAYS, SEED, YOUNGEST_DAYS, Progress, day
from ordercast.services.shared.demand.activity import Bools, Floats, Ints
from ordercast.services.shared.demand.demand_model import FEATURES, DemandModel, QuestionModel
from ordercast.services.shared.demand.feature_list import names
from ordercast.services.shared.demand.interval_groups import LIKELY, PRODUCT_LINES, classes
from ordercast.services.shared.demand.intervals import Said
from ordercast.services.shared.demand.rows import Rows, line_rows, pair_rows, pieces_together, product_rows, weeks_told
from ordercast.services.shared.demand.seen import seen_in
from ordercast.services.trainer.demand_networks.demand_questions import (
    LINE,
    PAIR,
    PRODUCT,
    DemandQuestion,
    train_question,
)
from ordercast.services.trainer.demand_networks.seasons import learnable
from ordercast.services.trainer.judging.scores import clip_of
from ordercast.services.trainer.training.blend_products import blended
from ordercast.services.trainer.training.train_demand_question import answers_on

KEY: Final = "intervals"
# Expected pieces between which predictions are judged apart.
SIZES: Final = ((0, 5), (5, 20), (20, 100), (100, np.inf))
# Probabilities of an order between which pairs are judged apart.
CHANCES: Final = ((0, 0.02), (0.02, 0.1), (0.1, 0.2), (0.2, 0.5), (0.5, 1.01))
# Rows, networks and tables of three trainings, of which products have two tables.
STEPS: Final = 10
STOCK_WEEKS: Final = (1, 2, 4, 8)
# Days between the moments of pairs: each has all pairs known so far.
PAIR_STEP: Final = 14

Groups = Iterator[tuple[str, Bools]]


@dataclass(frozen=True, slots=True)
class IntervalQuestion:
    """`later` makes of a model and the later rows what is judged, and names the groups that are looked at."""

    title: str
    words: str
    form: Form
    judged_from: int
    later: Callable[[DemandModel, Rows], tuple[Later, Groups]]


def of_lines(model: DemandModel, rows: Rows) -> tuple[Later, Groups]:
    """A line is known on the day after its own."""
    _, said, groups = model.said_of_lines(rows.values)
    known = rows.column("pair_known") > 0

    def looked_at() -> Groups:
        yield "all", np.ones(len(rows), np.bool_)
        yield from _by_product(rows.column("product_lines"))
        yield "known pair", known
        yield "new pair", ~known
        yield from _by_month(rows.moment)
        yield from _by_size(said.mean)

    known_on = rows.moment + 1
    return Later(said, groups, rows.target, rows.moment, known_on, accounts=rows.account_id), looked_at()


def of_pairs(model: DemandModel, rows: Rows) -> tuple[Later, Groups]:
    """The groups but for those by probability are of pairs whose interval can hold 90 %, and no more."""
    answer, said, groups = model.said_of_pairs(rows.values)
    probability = answer.order_probability
    likely = probability >= LIKELY

    def looked_at() -> Groups:
        yield "all", np.ones(len(rows), np.bool_)
        for low, high in CHANCES:
            until = f"to {high:.0%}" if high < 1 else "and more"
            yield f"an order likely at {low:.0%} {until}", (probability >= low) & (probability < high)
        yield f"{LIKELY:.0%} and more", likely
        for parts in (_by_product(rows.column("product_lines")), _by_month(rows.moment), _by_size(said.mean)):
            yield from ((f"{LIKELY:.0%} and more, {name}", chosen & likely) for name, chosen in parts)

    known_on = rows.moment + HORIZON_DAYS
    return Later(said, groups, rows.target, rows.moment, known_on, accounts=rows.account_id), looked_at()


def of_weeks(model: DemandModel, rows: Rows) -> tuple[Later, Groups]:
    """Each of the next weeks by itself."""
    said, groups = _by_weeks(rows, model.said_of_week)
    start = rows.moment + 7 * (rows.weeks_ahead - 1)

    def looked_at() -> Groups:
        yield "all", np.ones(len(rows), np.bool_)
        yield from _by_product(rows.column("lines"))
        for ahead in np.unique(rows.weeks_ahead):
            yield f"{ahead} weeks ahead" if ahead > 1 else "the next week", rows.weeks_ahead == ahead
        yield from _by_month(start)
        yield from _by_size(said.mean)

    return Later(said, groups, rows.target, rows.moment, start + 7, weeks_told(rows), adapts=True), looked_at()


def of_stock(model: DemandModel, rows: Rows) -> tuple[Later, Groups]:
    """Pieces of the first weeks together, for some numbers of weeks."""
    pieces = pieces_together(rows)
    chosen = np.isin(rows.weeks_ahead, STOCK_WEEKS)
    rows, pieces = rows.where(chosen), pieces[chosen]
    said, groups = _by_weeks(rows, model.said_of_weeks_together)

    def looked_at() -> Groups:
        yield "all", np.ones(len(rows), np.bool_)
        for weeks in STOCK_WEEKS:
            yield f"{weeks} weeks together" if weeks > 1 else "one week", rows.weeks_ahead == weeks
        yield from _by_product(rows.column("lines"))
        yield from _by_month(rows.moment)
        yield from _by_size(said.mean)

    days = 7 * rows.weeks_ahead
    return Later(
        said, groups, pieces, rows.moment, rows.moment + days, weeks_told(rows, days), adapts=True
    ), looked_at()


LINES: Final = IntervalQuestion(
    "Intervals of an order line", "The quantity of a line.", TWO_SIDED, day("2011-09-01"), of_lines
)
PAIRS: Final = IntervalQuestion(
    "Intervals of a pair within 28 days",
    f"All pieces of a known pair. Where an order is less likely than {LIKELY:.0%}, no pieces at all hold more than 90 %, and no "
    "interval can hold less.",
    TWO_SIDED,
    day("2011-09-01"),
    of_pairs,
)
WEEKS: Final = IntervalQuestion(
    "Intervals of a product by week, 1 to 8 weeks ahead",
    "Pieces of each of the next weeks; months are those in which the week begins.",
    TWO_SIDED,
    day("2011-08-29"),
    of_weeks,
)
TOGETHER: Final = IntervalQuestion(
    "Stock of a product for several weeks",
    "Pieces that are to be enough for the next weeks together: held is how often they were, and width the stock.",
    STOCK,
    day("2011-08-29"),
    of_stock,
)


def model_of(question: Question, asked: DemandQuestion, learned: Rows, later: Rows) -> DemandModel:
    """A model of one question, trained on the rows; of products by week with trees, weighed on the first of the later weeks, which
    intervals are calibrated on and none is judged on.

    Raises:
        DemandFitRefused: the rows cannot be learned from.
    """
    narrow = learned.only(learnable(learned))
    trained = train_question(asked, narrow, clip_of(narrow), SEED, os.cpu_count() or 1)
    known = names(FEATURES[question])
    columns = np.array([known.index(feature.name) for feature in narrow.features], np.int64)
    seen = seen_in(narrow.features, narrow.values, narrow.product_id)
    level, of_products = known.index(asked.level), question == "product"
    model = QuestionModel(
        narrow.features, columns, level, trained.networks(), seen, HORIZON_DAYS, of_products=of_products
    )
    if of_products:
        blend = blended(
            *(narrow, later, clip_of(narrow), asked.level),
            lambda rows: answers_on(model, rows)[0],
            lambda rows: rows.only(narrow.features),
        )
        return DemandModel({question: replace(model, boosted=blend.member if blend else None)}, {})
    return DemandModel({question: model}, {})


def judge(question: IntervalQuestion, model: DemandModel, learned: Rows, later: Rows) -> JudgedIntervals:
    """Judges one question's intervals.

    Raises:
        CalibrationRefused: too few rows are held out.
    """
    said, looked_at = question.later(model, later)
    return judge_intervals(question.form, len(learned), said, question.judged_from, looked_at)


_Trained = tuple[Question, DemandQuestion, Callable[[], tuple[Rows, Rows]], tuple[IntervalQuestion, ...]]


def judge_real_intervals(advance: Progress) -> Iterator[tuple[IntervalQuestion, JudgedIntervals]]:
    """Networks that learned until July at the latest, on what came after; `advance` hears of `STEPS` steps in all."""
    trained: tuple[_Trained, ...] = (
        ("line", LINE, _lines, (LINES,)),
        ("pair", PAIR, _pairs, (PAIRS,)),
        ("product", PRODUCT, _products, (WEEKS, TOGETHER)),
    )
    for name, asked, rows, questions in trained:
        learned, later = rows()
        advance(1)
        model = model_of(name, asked, learned, later)
        advance(1)
        for question in questions:
            yield question, judge(question, model, learned, later)
            advance(1)


def _lines() -> tuple[Rows, Rows]:
    shop = read_shop(anonymous=False, cancelled=True).activity
    held_out = day("2011-08-01")
    return line_rows(shop, day("2011-01-01"), held_out, held_out), line_rows(shop, held_out, END, END)


def _pairs() -> tuple[Rows, Rows]:
    """Two moments are held out whose 28 days end by the first judged one."""
    shop = read_shop(anonymous=False, cancelled=True).activity
    held_out = PAIRS.judged_from - 3 * PAIR_STEP
    learned = range(held_out - 6 * PAIR_STEP, held_out - HORIZON_DAYS + 1, PAIR_STEP)
    later = range(held_out, END - HORIZON_DAYS + 1, PAIR_STEP)
    return pair_rows(shop, learned, HORIZON_DAYS, held_out), pair_rows(shop, later, HORIZON_DAYS, END)


def _products() -> tuple[Rows, Rows]:
    shop = read_shop(anonymous=True, cancelled=True).activity
    held_out, last = WEEKS.judged_from - 7 * MOST_WEEKS, day("2011-12-05")
    learned = product_rows(
        shop, range(day("2011-01-31"), held_out, 7), MOST_WEEKS, held_out, youngest_days=YOUNGEST_DAYS
    )
    return learned, product_rows(shop, range(held_out, last, 7), MOST_WEEKS, last, youngest_days=YOUNGEST_DAYS)


def _by_weeks(rows: Rows, asked: Callable[[Floats, int], tuple[Said, Ints]]) -> tuple[Said, Ints]:
    """What is said of rows, each asked for its own number of weeks."""
    quantities, groups = np.empty((4, len(rows))), np.zeros((len(rows), 2), np.int64)
    for weeks in np.unique(rows.weeks_ahead).tolist():
        chosen = rows.weeks_ahead == weeks
        said, groups[chosen] = asked(rows.values[chosen], weeks)
        quantities[:, chosen] = said.mean, said.low, said.middle, said.high
    return Said(*quantities), groups


def _by_product(log_lines: Floats) -> Groups:
    few, many = PRODUCT_LINES
    lines = np.expm1(log_lines)
    for place, name in enumerate((f"under {few}", f"{few} to {many - 1}", f"{many} and more")):
        yield f"product with {name} lines", classes(lines, PRODUCT_LINES) == place


def _by_month(moment: Ints) -> Groups:
    months = moment.astype("datetime64[D]").astype("datetime64[M]")
    for month in np.unique(months):
        yield str(month), months == month


def _by_size(mean: Floats) -> Groups:
    for low, high in SIZES:
        until = f", under {high:g}" if high < np.inf else ""
        yield f"{low} expected pieces and more{until}", (mean >= low) & (mean < high)
