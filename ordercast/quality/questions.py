"""The three questions on a real shop's history: rows, opponents, networks, scores."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ordercast.contracts.demand_manifest import MOST_WEEKS
from ordercast.quality.online_retail import read_shop
from ordercast.services.shared.demand.activity import Floats
from ordercast.services.shared.demand.rows import Rows, line_rows, pair_rows, product_rows
from ordercast.services.trainer.demand_networks.demand_fit import TrainedDemand
from ordercast.services.trainer.demand_networks.demand_questions import (
    LINE,
    PAIR,
    PRODUCT,
    DemandQuestion,
    answer_rows,
    train_question,
)
from ordercast.services.trainer.demand_networks.seasons import learnable
from ordercast.services.trainer.judging.bootstrap import Difference, paired_difference
from ordercast.services.trainer.judging.opponents import (
    LINE_OPPONENTS,
    PRODUCT_OPPONENTS,
    Opponent,
    order_opponents,
    pair_opponents,
)
from ordercast.services.trainer.judging.scores import (
    Influence,
    OrderScores,
    PieceScores,
    clip_of,
    influential_rows,
    order_scores,
    piece_scores,
    row_deviance,
)
from ordercast.services.trainer.training.blend_products import blended, grow

HORIZON_DAYS: Final = 28
# Days since a product's first order: younger ones, which a training has too, are left out as in the trial that is compared with.
YOUNGEST_DAYS: Final = 29
WEEKS: Final = 4
# Of the networks' starts and bootstraps.
SEED: Final = 1
# What the networks' answers are called.
NETWORKS: Final = "ten networks"
MEDIAN: Final = "ten networks, median"
# What `demand` says, with the weight of its trees.
BLEND: Final = "demand: ten networks, {:.0%} boosted trees; {:.0%} of it {:s}"
# What may hold the blend back, by its feature: the level, or `STEADY`.
HOLD_BACK: Final[Mapping[str, str]] = {
    "curve_level": "the level itself",
    "mean_all": "the mean to date",
}

Progress = Callable[[int], None]


def day(text: str) -> int:
    """Days since 1970-01-01."""
    return int(np.datetime64(text, "D").astype(np.int64))


# All of the file is known before this day.
END: Final = day("2011-12-10")


@dataclass(frozen=True, slots=True)
class Judged:
    """An opponent's scores; `against` is its difference of deviance to the best one, by customers or products."""

    name: str
    scores: PieceScores
    against: Difference
    influential: Influence


@dataclass(frozen=True, slots=True)
class Answered:
    """What was judged: rows, how many had an order, and the clip of the deviance's targets; the networks' training, where it was
    made for this alone."""

    learned: int
    judged: int
    ordered: int
    pieces: int
    clip: float
    opponents: tuple[Judged, ...]
    probabilities: tuple[tuple[str, OrderScores], ...]
    networks: TrainedDemand | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """`rows` makes those to learn from and those to be judged by; with cancelled pieces taken off, or left in.

    `halves`: answers that are half the networks' (mean or median) and half an opponent's, by the names of both. `blends`: `demand`
    answers by a mean of networks and trees.
    """

    key: str
    name: str
    steps: int
    rows: Callable[[bool, Progress], tuple[Rows, Rows]]
    opponents: tuple[Opponent, ...]
    probabilities: tuple[Opponent, ...] = ()
    networks: DemandQuestion | None = None
    halves: tuple[tuple[str, str], ...] = ()
    blends: bool = False

    def steps_of(self, cancelled: bool) -> int:
        """How many steps `ask` tells of."""
        return self.steps + len(_asked(self.opponents, cancelled)) + len(_asked(self.probabilities, cancelled))


def _lines(cancelled: bool, advance: Progress) -> tuple[Rows, Rows]:
    shop = read_shop(anonymous=False, cancelled=cancelled).activity
    learned_until = day("2011-08-01")
    learned = line_rows(shop, day("2011-01-01"), learned_until, learned_until, advance)
    return learned, line_rows(shop, day("2011-09-01"), END, END, advance)


def _products(cancelled: bool, advance: Progress) -> tuple[Rows, Rows]:
    shop = read_shop(anonymous=True, cancelled=cancelled).activity
    first, last = day("2011-08-29"), day("2011-12-05")
    learned = product_rows(shop, range(day("2011-01-31"), first, 7), WEEKS, first, advance, YOUNGEST_DAYS)
    return learned, product_rows(shop, range(first, last, 7), WEEKS, last, advance, YOUNGEST_DAYS)


def _pairs(cancelled: bool, advance: Progress) -> tuple[Rows, Rows]:
    shop = read_shop(anonymous=False, cancelled=cancelled).activity
    learned = [day(f"2011-0{month}-01") for month in (6, 7, 8)]
    judged = [day(f"2011-{month}-01") for month in ("09", "10", "11")]
    return (
        pair_rows(shop, learned, HORIZON_DAYS, learned[-1] + HORIZON_DAYS, advance),
        pair_rows(shop, judged, HORIZON_DAYS, END, advance),
    )


QUESTIONS: Final = (
    Question(
        "pair",
        "A pair within 28 days",
        6,
        _pairs,
        pair_opponents(HORIZON_DAYS),
        order_opponents(HORIZON_DAYS),
        PAIR,
        ((NETWORKS, "gradient boosting in two parts"),),
    ),
    Question(
        "product",
        "A product by week, 1 to 4 weeks ahead",
        44,
        _products,
        PRODUCT_OPPONENTS,
        networks=PRODUCT,
        halves=((NETWORKS, "gradient boosting, level as offset"),),
        blends=True,
    ),
    Question(
        "line",
        "An order line",
        312,
        _lines,
        LINE_OPPONENTS,
        networks=LINE,
        halves=((NETWORKS, "gradient boosting, level as offset"), (MEDIAN, "gradient boosting, absolute error")),
    ),
)


def ask(question: Question, cancelled: bool, advance: Progress = lambda _: None) -> Answered:
    """Makes the rows, fits each opponent and the networks, and judges them; with cancelled pieces taken off without the learners,
    which take most of the time."""
    learned, judged = question.rows(cancelled, advance)
    features = learnable(learned)
    learned, judged = learned.only(features), judged.only(features)
    clip, rows = clip_of(learned), len(learned)
    answers = answers_of(_asked(question.opponents, cancelled), clip, learned, judged, advance)
    probabilities = answers_of(_asked(question.probabilities, cancelled), clip, learned, judged, advance)
    if question.networks is None:
        return answered(rows, judged, clip, answers, probabilities)
    trained = train_question(question.networks, learned, clip, SEED, os.cpu_count() or 1)
    answer = answer_rows(question.networks, trained, judged)
    answers[NETWORKS] = answer.expected.astype(np.float64)
    if question.probabilities:
        probabilities[NETWORKS] = answer.order_probability.astype(np.float64)
    else:
        answers[MEDIAN] = answer.median.astype(np.float64)
    for networks, other in question.halves:
        if other in answers:
            answers[f"half {networks}, half {other}"] = (answers[networks] + answers[other]) / 2
    if question.blends:
        weight, level_weight, holds_back = weights_before(question.networks, learned, clip)
        trees = grow(learned, clip, question.networks.level)(judged)
        corrected = (1 - weight) * answers[NETWORKS] + weight * trees
        level = np.expm1(judged.column(holds_back))
        answers[blend_name(weight, level_weight, holds_back)] = (1 - level_weight) * corrected + level_weight * level
    return replace(answered(rows, judged, clip, answers, probabilities), networks=trained)


def blend_name(weight: float, level_weight: float, holds_back: str) -> str:
    """What the blend with these weights is called. Raises KeyError for a feature that holds none back."""
    return BLEND.format(weight, level_weight, HOLD_BACK[holds_back])


def weights_before(question: DemandQuestion, learned: Rows, clip: float) -> tuple[float, float, str]:
    """The weights of trees, and of which feature that holds them back, as a training of `demand` would have chosen them before
    the judged weeks: by networks and trees that learned until eight weeks before, on the first half of these."""
    end = int((learned.moment + 7 * learned.weeks_ahead).max())
    start = end - 7 * MOST_WEEKS
    before = learned.where(learned.moment + 7 * learned.weeks_ahead <= start)
    held = learned.where(learned.moment >= start)
    if not len(before) or not len(held):
        return 0.0, 0.0, question.level
    trained = train_question(question, before, clip, SEED, os.cpu_count() or 1)

    def networks(rows: Rows) -> Floats:
        return answer_rows(question, trained, rows).expected.astype(np.float64)

    blend = blended(before, held, clip, question.level, networks, lambda rows: rows)
    if blend is None:
        return 0.0, 0.0, question.level
    return blend.record.weight, blend.record.level_weight, blend.record.holds_back or question.level


def answers_of(
    opponents: Iterable[Opponent], clip: float, learned: Rows, judged: Rows, advance: Progress = lambda _: None
) -> dict[str, Floats]:
    """What each opponent answers, by name."""
    answers = {}
    for opponent in opponents:
        answers[opponent.name] = opponent.fit(learned, clip)(judged)
        advance(1)
    return answers


def answered(
    learned: int, judged: Rows, clip: float, answers: Mapping[str, Floats], probabilities: Mapping[str, Floats]
) -> Answered:
    """The scores of answers on the same rows."""
    return Answered(
        learned=learned,
        judged=len(judged),
        ordered=int((judged.target > 0).sum()),
        pieces=int(judged.target.sum()),
        clip=clip,
        opponents=_judged(answers, judged, clip),
        probabilities=tuple(
            (name, order_scores(probability, judged.target > 0)) for name, probability in probabilities.items()
        ),
    )


def _asked(opponents: tuple[Opponent, ...], cancelled: bool) -> list[Opponent]:
    return [opponent for opponent in opponents if not (cancelled and opponent.learner)]


def _judged(answers: Mapping[str, Floats], rows: Rows, clip: float) -> tuple[Judged, ...]:
    losses = {name: row_deviance(answer, np.minimum(rows.target, clip)) for name, answer in answers.items()}
    best = min(losses.values(), key=lambda loss: float(loss.mean()))
    group = rows.account_id if rows.account_id.any() else rows.product_id
    return tuple(
        Judged(
            name,
            piece_scores(answer, rows.target, clip),
            paired_difference(losses[name], best, group),
            influential_rows(answer, rows.target, 1)[0],
        )
        for name, answer in answers.items()
    )
