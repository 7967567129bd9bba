"""Planted cases on a small simulated shop: what is to be decided of each, what was, and why."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from msgspec import structs

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
from ordercast.services.trainer.judging.gate import judge
from ordercast.services.trainer.judging.learned import poisson_regression
from ordercast.services.trainer.judging.opponents import naive_pairs
from ordercast.services.trainer.judging.scores import clip_of
from ordercast.services.trainer.training.demand_periods import periods_of
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

Decision = Literal["better", "not better", "refused", "moves nothing", "moves others"]


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
    return [*_judged(shop), *_refused(shop), _huge_row(shop, members)]


def planted_section(cases: list[Case]) -> str:
    """The cases as a table in Markdown."""
    rows = [
        (one.name, one.planted, one.should, one.decided if one.right else f"**{one.decided}**", one.why)
        for one in cases
    ]
    wrong = [one.name for one in cases if not one.right]
    said = f"Decided wrongly: {', '.join(wrong)}." if wrong else f"All {len(cases)} were decided rightly."
    words = (
        "What the gate, the training and the features decide where it is known what is right: pairs of a small simulated shop, for "
        "28 days. Errors are planted into the truth of the simulation."
    )
    return "\n\n".join([words, table(("case", "what was planted", "should be", "was", "reason"), rows), said])


def _judged(shop: Shop) -> Iterator[Case]:
    """What is decided by the gate."""
    learned, rows = _pairs(shop)
    truth, clip = Truth(shop.market).pairs(rows), clip_of(learned)
    naive = {one.name: one.fit(learned, clip)(rows) for one in naive_pairs(HORIZON_DAYS)}

    def wrong_by(deviation: float, seed: int) -> Floats:
        return np.asarray(truth * np.exp(np.random.default_rng(seed).normal(0, deviation, len(rows))), np.float64)

    def case(
        name: str,
        planted: str,
        should: Decision,
        answer: Floats,
        others: dict[str, Floats],
        chosen: slice = slice(None),
        target: Ints = rows.target,
        with_other_future: Floats | None = None,
    ) -> Case:
        verdict = judge(
            answer[chosen],
            {other: said[chosen] for other, said in others.items()},
            target[chosen],
            rows.account_id[chosen],
            clip,
            with_other_future,
        )
        return Case(name, planted, should, verdict.verdict, verdict.reason)

    serving = "the serving version"
    yield case(
        "better",
        "small errors, against the naive answers and a version with large ones",
        "better",
        wrong_by(SMALL, 1),
        naive | {serving: wrong_by(LARGE, 2)},
    )
    yield case(
        "worse",
        "large errors, against a version with small ones",
        "not better",
        wrong_by(LARGE, 1),
        {serving: wrong_by(SMALL, 2)},
    )
    yield case("equal", "errors as large as the other's", "not better", wrong_by(0.3, 1), {serving: wrong_by(0.3, 2)})
    knowing = rows.target.copy()
    row = int(np.argmin(rows.target))
    knowing[row] = HUGE_PIECES
    lucky = wrong_by(LARGE, 1)
    lucky[row] = HUGE_PIECES
    yield case(
        "one huge row, foreseen",
        f"large errors, but {HUGE_PIECES:,} pieces of one row are foreseen",
        "not better",
        lucky,
        {serving: wrong_by(SMALL, 2)},
        target=knowing,
    )
    yield case("tiny", "60 rows to be judged by", "not better", wrong_by(SMALL, 1), naive, slice(60))
    yield case(
        "constant",
        "the mean for everybody",
        "not better",
        np.full(len(rows), truth.mean()),
        {"awful": naive["mean"] * 9},
    )
    known = shop.columns["known_on"] < JUDGED
    other = _judged_pairs(activity_of({name: column[known] for name, column in shop.columns.items()}))
    leaking, honest = poisson_regression(_leaking(learned), clip), poisson_regression(learned, clip)
    yield case(
        "leaking",
        "a regression with a feature that holds the pieces to come",
        "not better",
        leaking(_leaking(rows)),
        {"mean": naive["mean"]},
        with_other_future=leaking(_leaking(other)),
    )
    yield case(
        "not leaking",
        "the same regression without it",
        "better",
        honest(rows),
        {"mean": naive["mean"]},
        with_other_future=honest(other),
    )


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
            yield Case(name, planted, "refused", "better", "it was trained")


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
