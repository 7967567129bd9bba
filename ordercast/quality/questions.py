"""The three questions on a real shop's history: rows, opponents, networks, scores."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

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
    clip_at,
    influential_rows,
    order_scores,
    piece_scores,
    row_deviance,
)

HORIZON_DAYS: Final = 28
WEEKS: Final = 4
# Of the networks' starts and bootstraps.
SEED: Final = 1

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
    """What was judged: rows, how many had an order, and the clip of the deviance's targets; the networks' training."""

    learned: int
    judged: int
    ordered: int
    pieces: int
    clip: float
    opponents: tuple[Judged, ...]
    probabilities: tuple[tuple[str, OrderScores], ...]
    networks: TrainedDemand | None


@dataclass(frozen=True, slots=True)
class Question:
    """`rows` makes those to learn from and those to be judged by; with cancelled pieces taken off, or left in."""

    key: str
    name: str
    steps: int
    rows: Callable[[bool, Progress], tuple[Rows, Rows]]
    opponents: tuple[Opponent, ...]
    probabilities: tuple[Opponent, ...] = ()
    networks: DemandQuestion | None = None


def _lines(cancelled: bool, advance: Progress) -> tuple[Rows, Rows]:
    shop = read_shop(anonymous=False, cancelled=cancelled).activity
    learned_until = day("2011-08-01")
    learned = line_rows(shop, day("2011-01-01"), learned_until, learned_until, advance)
    return learned, line_rows(shop, day("2011-09-01"), END, END, advance)


def _products(cancelled: bool, advance: Progress) -> tuple[Rows, Rows]:
    shop = read_shop(anonymous=True, cancelled=cancelled).activity
    first, last = day("2011-08-29"), day("2011-12-05")
    learned = product_rows(shop, range(day("2011-01-31"), first, 7), WEEKS, first, advance)
    return learned, product_rows(shop, range(first, last, 7), WEEKS, last, advance)


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
    ),
    Question("product", "A product by week, 1 to 4 weeks ahead", 44, _products, PRODUCT_OPPONENTS, networks=PRODUCT),
    Question("line", "An order line", 312, _lines, LINE_OPPONENTS, networks=LINE),
)


def ask(question: Question, cancelled: bool, advance: Progress = lambda _: None) -> Answered:
    """Makes the rows, fits each opponent and the networks, and judges them."""
    learned, judged = question.rows(cancelled, advance)
    features = learnable(learned)
    learned, judged = learned.only(features), judged.only(features)
    clip = clip_at(learned.target)
    answers = {}
    for opponent in question.opponents:
        answers[opponent.name] = opponent.fit(learned, clip)(judged)
        advance(1)
    probabilities = {}
    for opponent in question.probabilities:
        probabilities[opponent.name] = opponent.fit(learned, clip)(judged)
        advance(1)
    trained = None
    if question.networks:
        trained = train_question(question.networks, learned, clip, SEED, os.cpu_count() or 1)
        answer = answer_rows(question.networks, trained, judged)
        answers["ten networks"] = answer.expected.astype(np.float64)
        if question.probabilities:
            probabilities["ten networks"] = answer.order_probability.astype(np.float64)
        else:
            answers["ten networks, median"] = answer.median.astype(np.float64)
    return Answered(
        learned=len(learned),
        judged=len(judged),
        ordered=int((judged.target > 0).sum()),
        pieces=int(judged.target.sum()),
        clip=clip,
        opponents=_judged(answers, judged, clip),
        probabilities=tuple(
            (name, order_scores(probability, judged.target > 0)) for name, probability in probabilities.items()
        ),
        networks=trained,
    )


def _judged(answers: dict[str, Floats], rows: Rows, clip: float) -> tuple[Judged, ...]:
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
