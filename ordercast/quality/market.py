"""`demand` on a simulated shop, trained as the service trains it, judged on the weeks after beside the truth behind the data.

Every second account is the shop that is learned from; the others buy the same products and are new to the model.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec
import numpy as np

from ordercast.contracts.demand_manifest import MOST_WEEKS, QUESTIONS, Question
from ordercast.quality.attainable import attainable_weeks
from ordercast.quality.interval_questions import Groups, of_lines, of_pairs, of_weeks
from ordercast.quality.questions import HORIZON_DAYS, Answered, Progress, answered, answers_of
from ordercast.sample.market.make_market import PRODUCTS, make_market
from ordercast.sample.market.market_activity import activity_columns
from ordercast.sample.market.parameters import Market, expected_pieces, extra_pieces, kept_lines, pair_columns
from ordercast.sample.market.simulate import DAYS, simulate
from ordercast.services.shared.demand.activity import Activity, Bools, Floats, Ints, activity_of, positions
from ordercast.services.shared.demand.conformal import DEFAULT_LEVEL
from ordercast.services.shared.demand.demand_model import DemandModel
from ordercast.services.shared.demand.feature_list import Feature
from ordercast.services.shared.demand.rows import Rows, line_rows, pair_rows, product_rows
from ordercast.services.trainer.demand_networks.seasons import learnable
from ordercast.services.trainer.judging.learned import Answer, boosted_pieces
from ordercast.services.trainer.judging.opponents import (
    LINE_OPPONENTS,
    PRODUCT_OPPONENTS,
    Opponent,
    order_opponents,
    pair_opponents,
)
from ordercast.services.trainer.judging.scores import clip_of
from ordercast.services.trainer.training.demand_periods import periods_of
from ordercast.services.trainer.training.demand_rows import DemandRows
from ordercast.services.trainer.training.messages import DemandJob
from ordercast.services.trainer.training.read_demand_version import read_demand_version
from ordercast.services.trainer.training.train_demand_question import answers_on, question_rows

SEED: Final = 1
UNTIL: Final = date(2026, 1, 1)
# Half of them are new to the model: these have more than 10,000 known pairs.
ACCOUNTS: Final = 2_400
# The last days of the year are held out: two horizons of pairs.
JUDGED_DAYS: Final = 7 * MOST_WEEKS
TRUTH: Final = "the truth itself"
SHOWN: Final = "boosting that was shown the truth"
# Of products by week (`attainable`).
ATTAINABLE: Final = "knows how it is simulated, and the data"
# Ten networks, and for products by week the trees with which a training blends them.
SERVED: Final = "demand, as it is served"
# Of a piece: what is expected as whole numbers.
_PARTS: Final = 1_000
# Of fewer rows a share says too little.
FEWEST_IN_GROUP: Final = 200
_EPOCH: Final = date(1970, 1, 1)
END: Final = (UNTIL - _EPOCH).days
_BEGIN: Final = END - DAYS
JUDGED: Final = END - JUDGED_DAYS


@dataclass(frozen=True, slots=True)
class Shop:
    """`activity` is that of the accounts that are learned from, `strangers` that of the others."""

    market: Market
    columns: dict[str, Ints]
    activity: Activity
    strangers: Activity


@dataclass(frozen=True, slots=True)
class Group:
    """How many of a group's rows lie in their intervals, and the pieces from end to end of the one in the middle."""

    name: str
    rows: int
    share: float
    width: float


@dataclass(frozen=True, slots=True)
class JudgedMarket:
    """By question: all answers' scores, the truth and what was said of each judged row, and the intervals of new pairs."""

    answered: dict[Question, Answered]
    truth: dict[Question, Floats]
    said: dict[Question, Floats]
    covered: dict[str, tuple[Group, ...]]


class Truth:
    """What is expected of rows, from the parameters behind a market; moments begin a week of it, but those of lines."""

    def __init__(self, market: Market) -> None:
        account, product, _ = pair_columns(market)
        self._products = len(market.products)
        key = self._key(account + 1, product + 1)
        self._order = np.argsort(key)
        self._keys = key[self._order]
        self._pieces, self._lines, self._extra = expected_pieces(market), kept_lines(market), extra_pieces(market)
        learned = account % 2 == 0
        self._by_product = np.zeros((self._products, self._pieces.shape[1]))
        np.add.at(self._by_product, product[learned], self._pieces[learned])

    def pairs(self, rows: Rows) -> Floats:
        """Pieces of a pair within the horizon."""
        return self._within_horizon(self._pieces, rows)

    def order(self, rows: Rows) -> Floats:
        """The probability that a pair orders within the horizon."""
        return np.asarray(1 - np.exp(-self._within_horizon(self._lines, rows)), np.float64)

    def lines(self, rows: Rows) -> Floats:
        """Pieces of a day, given that there are some."""
        pair = self._pair(rows)
        lines = self._lines[pair, self._week(rows)] / 7
        return np.asarray((1 + self._extra[pair]) * lines / -np.expm1(-lines), np.float64)

    def products(self, rows: Rows) -> Floats:
        """Pieces of a product in a week, of the accounts that are learned from."""
        return np.asarray(self._by_product[rows.product_id - 1, self._week(rows) + rows.weeks_ahead - 1], np.float64)

    def _within_horizon(self, by_week: Floats, rows: Rows) -> Floats:
        weeks = self._week(rows)[:, None] + np.arange(HORIZON_DAYS // 7)
        return np.asarray(by_week[self._pair(rows)[:, None], weeks].sum(axis=1), np.float64)

    def _week(self, rows: Rows) -> Ints:
        return (rows.moment - _BEGIN) // 7

    def _pair(self, rows: Rows) -> Ints:
        return np.asarray(self._order[positions(self._keys, self._key(rows.account_id, rows.product_id))], np.int64)

    def _key(self, account_id: Ints, product_id: Ints) -> Ints:
        return account_id * (self._products + 1) + product_id


def make_shop(accounts: int = ACCOUNTS, products: int = PRODUCTS) -> Shop:
    """The same numbers give the same shop."""
    market = make_market(SEED, UNTIL, accounts=accounts, products=products)
    columns = activity_columns(simulate(market))
    learned = columns["account_id"] % 2 == 1

    def where(chosen: Bools) -> dict[str, Ints]:
        return {name: column[chosen] for name, column in columns.items()}

    return Shop(market, where(learned), activity_of(where(learned)), activity_of(where(~learned)))


def default_job() -> DemandJob:
    """As the service asks for by default, with nothing known of the judged weeks."""
    return DemandJob(
        training_id="01940000-0000-7000-8000-000000000001",
        members=10,
        epochs=8,
        batch_size=1024,
        seed=SEED,
        horizon_days=HORIZON_DAYS,
        until=JUDGED,
        publish="always",
        serving=None,
        artifacts_dir="",
        threads=2,
    )


def trained_model(shop: Shop, job: DemandJob, advance: Progress = lambda _: None) -> DemandModel:
    """The version that a training writes, as the predictor reads it; `advance` hears of each epoch.

    Raises UnusableTrainingSet if there is too little to learn from.
    """
    # Here, because whoever has TensorFlow imported in its own way does so before.
    from ordercast.services.trainer.networks.fit import EpochLosses, News
    from ordercast.services.trainer.training.train_demand_model import train_demand_model

    def count_epochs(news: News) -> None:
        if isinstance(news, EpochLosses):
            advance(1)

    with TemporaryDirectory() as artifacts:
        asked = msgspec.structs.replace(job, artifacts_dir=artifacts)
        trained = train_demand_model(asked, DemandRows(shop.columns, ()), count_epochs)
        read = read_demand_version(Path(artifacts), str(trained.version))
    if read is None:
        raise RuntimeError(f"the version was not written, though it was asked for: {trained.reason}")
    return read[1]


def judge_market(
    shop: Shop, model: DemandModel, advance: Progress = lambda _: None, learners: bool = True
) -> JudgedMarket:
    """Judges the three questions and the intervals; `advance` hears of each question. Without `learners` in seconds."""
    truth = Truth(shop.market)
    expected: dict[Question, Callable[[Rows], Floats]] = {
        "pair": truth.pairs,
        "line": truth.lines,
        "product": truth.products,
    }
    others: dict[Question, tuple[Opponent, ...]] = {
        "pair": pair_opponents(HORIZON_DAYS),
        "line": LINE_OPPONENTS,
        "product": PRODUCT_OPPONENTS,
    }
    periods = periods_of(shop.activity, JUDGED, HORIZON_DAYS)
    tables, truths, said = {}, {}, {}
    for question in QUESTIONS:
        learned, _ = question_rows(question, shop.activity, periods, HORIZON_DAYS)
        rows, features = later_rows(question, shop.activity), learnable(learned)
        answer, probability = answers_on(model.questions[question], rows)
        truths[question], said[question] = expected[question](rows), answer
        asked = (*others[question], Opponent(SHOWN, partial(_shown, expected[question]), learner=True))
        answers = _answers(asked, learned, rows, features, learners)
        probabilities = {}
        if question == "pair":
            found = _answers(order_opponents(HORIZON_DAYS), learned, rows, features, learners)
            probabilities = {TRUTH: truth.order(rows), **found, SERVED: probability}
        if question == "product":
            answers = {ATTAINABLE: attainable_weeks(shop.activity, _BEGIN, rows), **answers}
        answers = {TRUTH: truths[question], **answers, SERVED: answer}
        tables[question] = answered(len(learned), rows, clip_of(learned), answers, probabilities)
        advance(1)
    return JudgedMarket(tables, truths, said, _covered(shop, model))


def later_rows(question: Question, activity: Activity) -> Rows:
    """The rows of the last weeks, of which the training knew nothing."""
    if question == "pair":
        return pair_rows(activity, [JUDGED, JUDGED + HORIZON_DAYS], HORIZON_DAYS, END)
    if question == "line":
        return line_rows(activity, JUDGED, END, END)
    return product_rows(activity, range(JUDGED, END, 7), MOST_WEEKS, END)


def _answers(
    opponents: tuple[Opponent, ...], learned: Rows, rows: Rows, features: tuple[Feature, ...], learners: bool
) -> dict[str, Floats]:
    asked = [opponent for opponent in opponents if learners or not opponent.learner]
    return answers_of(asked, clip_of(learned), learned.only(features), rows.only(features))


def _shown(truth: Callable[[Rows], Floats], rows: Rows, _clip: float) -> Answer:
    """Boosting that learns from what was expected in place of what came: as much as can be known from the features."""
    answer = boosted_pieces(replace(rows, target=np.rint(truth(rows) * _PARTS).astype(np.int64)), np.inf)
    return lambda asked: answer(asked) / _PARTS


def _covered(shop: Shop, model: DemandModel) -> dict[str, tuple[Group, ...]]:
    """Pairs and lines of accounts that the model knows nothing of, and the weeks of the products."""
    pairs, lines = (later_rows(question, shop.strangers) for question in ("pair", "line"))
    pairs = pairs.where(pairs.moment == JUDGED)
    weeks = later_rows("product", shop.activity)
    pair, line = model.pairs(pairs.values, DEFAULT_LEVEL), model.lines(lines.values, DEFAULT_LEVEL)
    low, high = np.zeros(len(weeks), np.int64), np.zeros(len(weeks), np.int64)
    for ahead in range(1, MOST_WEEKS + 1):
        chosen = weeks.weeks_ahead == ahead
        week = model.products(weeks.values[chosen], ahead, DEFAULT_LEVEL)
        low[chosen], high[chosen] = week.low[:, -1], week.high[:, -1]
    return {
        "pair": _counted(pairs, pair.low, pair.high, of_pairs(model, pairs)[1]),
        "line": _counted(lines, line.low, line.high, of_lines(model, lines)[1]),
        "week": _counted(weeks, low, high, of_weeks(model, weeks)[1]),
    }


def _counted(rows: Rows, low: Ints, high: Ints, groups: Groups) -> tuple[Group, ...]:
    """The groups with enough rows for a share of them to say something."""
    inside, width = (low <= rows.target) & (rows.target <= high), high - low
    return tuple(
        Group(name, int(chosen.sum()), float(inside[chosen].mean()), float(np.median(width[chosen])))
        for name, chosen in groups
        if name == "all" or chosen.sum() >= FEWEST_IN_GROUP
    )
