"""Planted cases on a small simulated shop: what is to be decided of each, what was, and why."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from msgspec import structs

from ordercast.contracts.demand_manifest import Question
from ordercast.quality.market import END, JUDGED, Shop, Truth, default_job, make_shop, trained_model
from ordercast.quality.questions import HORIZON_DAYS
from ordercast.quality.report import table
from ordercast.services.shared.demand.activity import AMOUNT_UNITS, Activity, Floats, Ints, activity_of
from ordercast.services.shared.demand.feature_list import names
from ordercast.services.shared.demand.known import MOST_VIEWS_A_DAY, known_at
from ordercast.services.shared.demand.rows import Rows, pair_rows
from ordercast.services.trainer.demand_networks.demand_questions import PAIR, answer_rows, train_question
from ordercast.services.trainer.demand_networks.seasons import learnable
from ordercast.services.trainer.errors import UnusableTrainingSet
from ordercast.services.trainer.judging.learned import poisson_regression
from ordercast.services.trainer.judging.opponents import naive_pairs
from ordercast.services.trainer.judging.other_future import with_other_future
from ordercast.services.trainer.judging.scores import clip_of
from ordercast.services.trainer.training.demand_periods import periods_of
from ordercast.services.trainer.training.judge_demand import JudgedQuestion, judge_question, naive_answers, publishable
from ordercast.services.trainer.training.train_demand_question import question_rows

ACCOUNTS: Final = 1_200
PRODUCTS: Final = 60
# Deviations of the errors, in logarithms, that are planted into the truth.
SMALL: Final = 0.1
LARGE: Final = 1.0
HUGE_PIECES: Final = 1_000_000
HUGE_VIEWS: Final = 10**9
# No other pair's prediction may move by more.
MOST_MOVED: Final = 0.01
LEAKING_FEATURE: Final = "pair_carts_28"

Decision = Literal["published", "rejected", "refused", "moves nothing", "moves others"]


@dataclass(frozen=True, slots=True)
class Case:
    """`why`: the reason that was given, in words and numbers."""

    name: str
    planted: str
    should: Decision
    decided: Decision
    why: str

    @property
    def right(self) -> bool:
        return self.should == self.decided


def planted_cases(accounts: int = ACCOUNTS, products: int = PRODUCTS, members: int = 10) -> list[Case]:
    """All of them; `members` networks answer where a row is to move nothing."""
    shop = make_shop(accounts, products)
    judging, learned = _judging(shop)
    return [
        *_compared(judging),
        *_broken(judging),
        *_one_huge_order(judging, learned),
        *_leaks(shop, judging, learned),
        *_refused(shop),
        _huge_row(shop, members),
    ]


def planted_section(cases: list[Case]) -> str:
    """The cases as a table in Markdown."""
    rows = [
        (one.name, one.planted, one.should, one.decided if one.right else f"**{one.decided}**", one.why)
        for one in cases
    ]
    wrong = [one.name for one in cases if not one.right]
    said = f"Decided wrongly: {', '.join(wrong)}." if wrong else f"All {len(cases)} were decided rightly."
    words = (
        "What is published, what a training refuses and what features let through, where it is known what is right: pairs of a "
        "small simulated shop, for 28 days. Errors are planted into the truth of the simulation."
    )
    return "\n\n".join([words, table(("case", "what was planted", "should be", "was", "reason"), rows), said])


@dataclass(frozen=True, slots=True)
class _Judging:
    """Pairs that are judged, with what is truly to be expected of each. `naive` answers learned from others before them."""

    rows: Rows
    truth: Floats
    clip: float
    naive: Mapping[str, Floats]

    def wrong_by(self, deviation: float, seed: int) -> Floats:
        """The truth with errors."""
        errors = np.random.default_rng(seed).normal(0, deviation, len(self.rows))
        return np.asarray(self.truth * np.exp(errors), np.float64)

    def only(self, count: int) -> "_Judging":
        """The first of the rows."""
        naive = {name: answer[:count] for name, answer in self.naive.items()}
        return replace(
            self, rows=self.rows.where(np.arange(len(self.rows)) < count), truth=self.truth[:count], naive=naive
        )

    def selling(self, target: Ints) -> "_Judging":
        """The same pairs where these pieces were ordered."""
        return replace(self, rows=replace(self.rows, target=target))

    def decided(
        self,
        name: str,
        planted: str,
        should: Decision,
        pairs: Floats,
        serving: Floats | None = None,
        lines: Floats | None = None,
        with_other_future: Floats | None = None,
    ) -> Case:
        """What is decided of a version by these answers: as a training of it would be, by its pairs, and by its lines if they are
        said, of which the rows tell as well."""
        judged: dict[Question, JudgedQuestion] = {"pair": self._question(pairs, serving, with_other_future)}
        if lines is not None:
            judged["line"] = self._question(lines, None, None)
        published, reason, _ = publishable(judged)
        return Case(name, planted, should, "published" if published else "rejected", reason)

    def _question(self, expected: Floats, serving: Floats | None, with_other_future: Floats | None) -> JudgedQuestion:
        return judge_question(self.rows, self.clip, expected, None, self.naive, serving, with_other_future)


def _judging(shop: Shop) -> tuple[_Judging, Rows]:
    """Also the rows that were learned from."""
    learned, rows = _pairs(shop)
    clip = clip_of(learned)
    return _Judging(rows, Truth(shop.market).pairs(rows), clip, _naive(learned, rows, clip)), learned


def _naive(learned: Rows, rows: Rows, clip: float) -> dict[str, Floats]:
    return naive_answers(naive_pairs(HORIZON_DAYS), learned, rows, clip)


def _compared(judging: _Judging) -> Iterator[Case]:
    """What is decided by how large errors are."""
    wrong_by = judging.wrong_by
    yield judging.decided(
        "better",
        "small errors, against the naive answers and a version with large ones",
        "published",
        wrong_by(SMALL, 1),
        serving=wrong_by(LARGE, 2),
    )
    yield judging.decided(
        "worse", "large errors, against a version with small ones", "rejected", wrong_by(LARGE, 1), wrong_by(SMALL, 2)
    )
    yield judging.decided(
        "equal",
        "errors as large as those of the version that serves, which knows less of the history",
        "published",
        wrong_by(0.3, 1),
        serving=wrong_by(0.3, 2),
    )
    yield judging.only(60).decided("tiny", "60 rows to be judged by", "rejected", wrong_by(SMALL, 1)[:60])


def _broken(judging: _Judging) -> Iterator[Case]:
    """Answers that are none, of the pairs or of the lines alone."""
    small, constant = judging.wrong_by(SMALL, 1), np.full(len(judging.rows), judging.truth.mean())
    yield judging.decided("constant", "the mean for everybody", "rejected", constant)
    yield judging.decided(
        "constant lines",
        "small errors of the pairs; of the lines, 9 times the mean",
        "rejected",
        small,
        lines=9 * constant,
    )
    no_number = small.copy()
    no_number[0] = np.nan
    yield judging.decided(
        "no number", "small errors, but one line's answer is not a number", "rejected", small, lines=no_number
    )


def _one_huge_order(judging: _Judging, learned: Rows) -> Iterator[Case]:
    """Among what is judged by, and among what was learned from."""
    row = int(np.argmin(judging.rows.target))
    target, lucky = judging.rows.target.copy(), judging.wrong_by(LARGE, 1)
    target[row] = lucky[row] = HUGE_PIECES
    yield judging.selling(target).decided(
        "one huge row, foreseen",
        f"large errors, but {HUGE_PIECES:,} pieces of one row are foreseen",
        "rejected",
        lucky,
        serving=judging.wrong_by(SMALL, 2),
    )
    sold = learned.target.copy()
    sold[int(np.argmin(sold))] = HUGE_PIECES
    spoiled = replace(learned, target=sold)
    wild = judging.naive["mean"] * np.exp(np.random.default_rng(1).normal(0, LARGE, len(judging.rows)))
    yield replace(judging, naive=_naive(spoiled, judging.rows, clip_of(spoiled))).decided(
        "one huge row, learned from",
        f"the mean with large errors; of the rows that the naive answers learned from, one has {HUGE_PIECES:,} pieces",
        "rejected",
        wild,
    )


def _leaks(shop: Shop, judging: _Judging, learned: Rows) -> Iterator[Case]:
    """A feature that knows the future, and none."""
    leaking, honest = (poisson_regression(rows, judging.clip) for rows in (_leaking(learned), learned))
    yield judging.decided(
        "leaking",
        "a regression with a feature that holds the pieces to come",
        "rejected",
        leaking(_leaking(judging.rows)),
        with_other_future=leaking(_leaking(_without_future(shop))),
    )
    yield judging.decided(
        "not leaking",
        "the same regression without it",
        "published",
        honest(judging.rows),
        with_other_future=with_other_future(honest(judging.rows), honest, shop.activity, judging.rows),
    )


def _without_future(shop: Shop) -> Rows:
    """The judged pairs of a history that ends at their moment: nothing is ordered of them."""
    known = shop.columns["known_on"] < JUDGED
    return _judged_pairs(activity_of({name: column[known] for name, column in shop.columns.items()}))


def _refused(shop: Shop) -> Iterator[Case]:
    """What a training refuses before there is anything to be judged."""
    columns = shop.columns
    last_days = columns["day"] >= columns["day"].max() - 60
    for name, planted, changed in (
        ("tiny shop", "60 days of history", {name: column[last_days] for name, column in columns.items()}),
        ("all cancelled", "each order is taken back on its day", columns | {"cancelled_quantity": columns["quantity"]}),
    ):
        try:
            trained_model(replace(shop, columns=changed), structs.replace(default_job(), until=None))
        except UnusableTrainingSet as refused:
            yield Case(name, planted, "refused", "refused", str(refused))
        else:
            yield Case(name, planted, "refused", "published", "it was trained")


def _huge_row(shop: Shop, members: int) -> Case:
    """One more order of a pair on the last day: huge, beside one that is large as others are."""
    learned, rows = _pairs(shop)
    features, large = learnable(learned), 2 * known_at(shop.activity, JUDGED).cap
    asked = replace(PAIR, recipe=replace(PAIR.recipe, members=members))
    networks = train_question(asked, learned.only(features), clip_of(learned), 1)
    usual, huge = (
        answer_rows(asked, networks, _judged_pairs(_with_order(shop, rows, *order)).only(features)).expected
        for order in ((large, MOST_VIEWS_A_DAY), (HUGE_PIECES, HUGE_VIEWS))
    )
    moved = float(np.abs(huge[1:] / usual[1:] - 1).max())
    return Case(
        "one huge row",
        f"an order of {HUGE_PIECES:,} pieces with {HUGE_VIEWS:,} views, in place of one of {large} with {MOST_VIEWS_A_DAY}",
        "moves nothing",
        "moves nothing" if moved <= MOST_MOVED else "moves others",
        f"of {len(rows) - 1:,} other pairs' predictions none moves by more than {moved:.2%}; {MOST_MOVED:.0%} is allowed",
    )


def _pairs(shop: Shop) -> tuple[Rows, Rows]:
    """Those to learn from, and those that are judged."""
    learned, _ = question_rows("pair", shop.activity, periods_of(shop.activity, JUDGED, HORIZON_DAYS), HORIZON_DAYS)
    return learned, _judged_pairs(shop.activity)


def _judged_pairs(activity: Activity) -> Rows:
    return pair_rows(activity, [JUDGED], HORIZON_DAYS, END)


def _leaking(rows: Rows) -> Rows:
    """With what is asked for in place of a feature."""
    values = rows.values.copy()
    values[:, names(rows.features).index(LEAKING_FEATURE)] = np.log1p(rows.target)
    return replace(rows, values=values)


def _with_order(shop: Shop, rows: Rows, pieces: int, views: int) -> Activity:
    """With one more order of the first row's pair, on the day before the rows' moment, at 1.00 a piece."""
    order = {
        "account_id": int(rows.account_id[0]),
        "product_id": int(rows.product_id[0]),
        "day": JUDGED - 1,
        "known_on": JUDGED - 1,
        "first_lines": 1,
        "quantity": pieces,
        "amount": pieces * AMOUNT_UNITS,
        "views": views,
    }
    return activity_of({name: np.append(column, order.get(name, 0)) for name, column in shop.columns.items()})
