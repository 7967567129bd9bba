"""What is expected falls while a product, or the whole shop, is silent for longer than any that was learned from."""

from collections.abc import Mapping
from dataclasses import astuple, replace
from typing import Any

import msgspec
import numpy as np
import pytest

from ordercast.contracts.demand_manifest import SCHEMA, Question, Schema
from ordercast.services.shared.demand.activity import Activity
from ordercast.services.shared.demand.conformal import calibrate
from ordercast.services.shared.demand.demand_model import FEATURES, DemandModel, QuestionModel
from ordercast.services.shared.demand.feature_list import PAIR_FEATURES, PRODUCT_FEATURES, names, unknown
from ordercast.services.shared.demand.features import Features
from ordercast.services.shared.demand.known import known_at
from ordercast.services.shared.demand.load_demand_model import demand_model
from ordercast.services.shared.demand.silences import silent_products
from tests.support.demand_versions import demand_version
from tests.unit.services.shared.demand.histories import START, activity, epoch, frame

CLOSED = 140
PRODUCTS = np.arange(1, 6)


def closed_shop(cancelled_after: int | None = None) -> Activity:
    """Five products of ten pieces on six days a week, until all stop; what is ordered is cancelled so many days later, or not."""
    days = [(product % 3 + 1, product, day) for product in range(1, 6) for day in range(CLOSED) if day % 7 < 6]
    rows = [(*day, 0, 10, 1, 0, 0, 0) for day in days]
    if cancelled_after is not None:
        rows += [(account, product, day + cancelled_after, 0, 0, 1, 10, 0, 0) for account, product, day in days]
    return activity(frame(rows))


def learned(question: QuestionModel, values: Any, growing: str) -> QuestionModel:
    """The question as if it had learned from rows like these, in which a silence has lasted a day, with networks that say more."""
    low = np.minimum(values[:, question.columns].min(axis=0), 0.0)
    seen = replace(question.seen, low=low, high=values[:, question.columns].max(axis=0), products=PRODUCTS)
    assert growing in names(question.features)
    return replace(question, seen=seen)


def test_the_weeks_after_the_last_order_count_and_a_dead_week_of_the_shop_is_no_usual_one() -> None:
    shop = closed_shop()
    of_shop: dict[str, list[float]] = {name: [] for name in ("level", "shop_week", "days_since_last")}
    for weeks in (0, 1, 5, 9, 120):
        values = Features(known_at(shop, epoch(START) + CLOSED + 7 * weeks)).of_products(PRODUCTS)
        for name, found in of_shop.items():
            found.append(float(values[0, names(PRODUCT_FEATURES).index(name)]))
    assert of_shop["shop_week"] == [0.0, -4.0, -4.0, -4.0, -4.0], "however long it has been closed"
    assert of_shop["level"] == sorted(of_shop["level"], reverse=True)
    assert of_shop["days_since_last"] == pytest.approx(np.log1p(np.array([2, 9, 37, 65, 842])))


@pytest.mark.parametrize("weeks", [1, 7, 8, 12])
def test_a_closed_shop_rests_also_where_its_products_have_been_silent_for_longer_before(weeks: int) -> None:
    """Each had been, alone, for 90 days; in the ninth week the shop's last one was as usual as those that it is compared with."""
    question, shop = demand_model(*demand_version()).questions["product"], closed_shop()
    at = [Features(known_at(shop, epoch(START) + CLOSED + days)).of_products(PRODUCTS) for days in (0, 7 * weeks)]
    question = learned(question, at[0], "days_since_last")
    high = question.seen.high.copy()
    high[names(question.features).index("days_since_last")] = np.log1p(90)
    rested = replace(question, seen=replace(question.seen, high=high))
    level = names(PRODUCT_FEATURES).index("level")
    assert rested.answer(at[1], 1).mean == pytest.approx(np.expm1(at[1][:, level]), rel=1e-5)


def test_a_shop_whose_orders_were_all_cancelled_rests_and_one_that_never_had_any_does_not() -> None:
    place = names(PRODUCT_FEATURES).index("shop_week")
    viewed = activity(frame([(1, 1, 0, 0, 0, 0, 0, 3, 0)]))
    for shop, week in ((closed_shop(cancelled_after=0), -4.0), (viewed, 0.0)):
        assert Features(known_at(shop, epoch(START) + CLOSED + 7)).of_products(PRODUCTS)[0, place] == week


def test_products_of_a_closed_shop_are_answered_by_the_level_that_falls_week_by_week_with_intervals_from_nothing() -> (
    None
):
    model, shop = demand_model(*demand_version()), closed_shop()

    def asked(days: int) -> Any:
        return Features(known_at(shop, epoch(START) + CLOSED + days)).of_products(PRODUCTS)

    question = learned(model.questions["product"], asked(0), "days_since_last")
    silent = DemandModel({**model.questions, "product": question}, model.calibrations)
    open_before = silent.products(asked(0), 1, 0.9)
    answers = [silent.products(asked(7 * weeks), 1, 0.9) for weeks in range(1, 9)]
    level = names(PRODUCT_FEATURES).index("level")
    for weeks, answer in enumerate(answers, start=1):
        assert answer.expected[:, 0] == pytest.approx(np.expm1(asked(7 * weeks)[:, level]), rel=1e-5)
        assert answer.low[:, 0].tolist() == [0] * 5
    assert (open_before.low > 0).all()
    assert (answers[-1].expected < 0.07 * open_before.expected).all()


@pytest.mark.parametrize("weeks", [103, 104, 150])
def test_a_product_is_expected_to_sell_nothing_once_its_silence_is_longer_than_its_level_looks_back(weeks: int) -> None:
    model, shop = demand_model(*demand_version()), closed_shop()
    open_shop, values = (
        Features(known_at(shop, epoch(START) + CLOSED + days)).of_products(PRODUCTS) for days in (0, 7 * weeks)
    )
    question = learned(model.questions["product"], open_shop, "days_since_last")
    answer = DemandModel({**model.questions, "product": question}, model.calibrations).products(values, 2, 0.9)
    assert answer.expected == pytest.approx(np.zeros((5, 2)), abs=1e-12)
    assert answer.median == pytest.approx(np.zeros((5, 2)), abs=1e-12)
    assert (answer.low == 0).all()


def test_so_is_a_silent_product_whose_orders_were_all_cancelled() -> None:
    model = demand_model(*demand_version())
    open_shop = Features(known_at(closed_shop(), epoch(START) + CLOSED)).of_products(PRODUCTS)
    question = learned(model.questions["product"], open_shop, "days_since_last")
    shop = closed_shop(cancelled_after=1)
    values = Features(known_at(shop, epoch(START) + CLOSED + 7 * 20)).of_products(PRODUCTS)
    assert question.answer(values, 1).mean.tolist() == [0] * 5


def test_intervals_of_a_product_that_rests_begin_at_nothing_where_its_size_holds_what_is_expected_alone() -> None:
    """Of those that sell little nine in ten sold what was expected: two pieces to two were said of a shop closed for forty days."""
    manifest, files = demand_version()
    model, shop = demand_model(manifest, files), closed_shop()
    open_shop, values = (
        Features(known_at(shop, epoch(START) + CLOSED + days)).of_products(PRODUCTS) for days in (0, 7)
    )
    question = learned(model.questions["product"], open_shop, "days_since_last")
    sure = calibrate(np.zeros(400), np.zeros((400, 2), np.int64), np.full(400, 99))
    resting = DemandModel({**model.questions, "product": question}, {**model.calibrations, "week": sure})
    answer = resting.products(values, 1, 0.9)
    assert (answer.expected > 1).all()
    assert (answer.low == 0).all()
    assert (resting.products(open_shop, 1, 0.9).low > 0).all()


def questions_of(schema: Schema) -> Mapping[Question, QuestionModel]:
    manifest, files = demand_version()
    return demand_model(msgspec.structs.replace(manifest, schema=schema), files).questions


def without_bounds(question: QuestionModel) -> QuestionModel:
    seen = question.seen
    return replace(question, seen=replace(seen, low=seen.low - 9, high=seen.high + 9), shop_rests=None)


BEFORE: pytest.MarkDecorator = pytest.mark.parametrize(
    "schema", [f"ordercast.demand/{number}" for number in (1, 2, 3, 4)]
)


@pytest.mark.parametrize(
    ("worst", "week", "rests"),
    [
        *((-1.0, -1.6, False), (-1.0, -1.8, True), (-3.6, -3.9, False), (-3.6, -4.0, True), (-4.0, -4.0, False)),
        *((-1.0, 0.3 + 0.6, False), (-1.0, 0.3 + 0.8, True), (-1.0, float(np.log(8)), True)),
    ],
)
def test_products_rest_after_a_week_unlike_the_shops_worst_or_best_and_after_a_dead_one_where_none_was_seen(
    worst: float, week: float, rests: bool
) -> None:
    """Less than half of the worst, or more than twice the best: eight times the mean of eight weeks is the first after a pause."""
    place, seen = names(PRODUCT_FEATURES).index("shop_week"), questions_of(SCHEMA)["product"].seen
    here = np.arange(len(seen.low)) == place
    seen = replace(seen, low=np.where(here, worst, seen.low), high=np.where(here, 0.3, seen.high))
    values = np.zeros((1, len(PRODUCT_FEATURES)))
    values[0, place] = week
    assert silent_products(seen, PRODUCT_FEATURES, values).tolist() == [rests]


def test_products_rest_also_in_a_written_recipe_without_their_age() -> None:
    """It has another feature in its place."""
    product = questions_of(SCHEMA)["product"]
    columns = np.where(product.columns == product.age, product.level, product.columns)
    ageless = replace(product, columns=columns, features=tuple(PRODUCT_FEATURES[place] for place in columns))
    assert ageless.age is None
    values = np.random.default_rng(1).uniform(0, 2, (6, len(PRODUCT_FEATURES)))
    values[:, names(PRODUCT_FEATURES).index("days_since_last")] = np.log1p(60)
    assert ageless.answer(values, 1).mean == pytest.approx(np.expm1(values[:, product.level]), rel=1e-6)


@BEFORE
def test_a_version_of_a_release_before_takes_a_dead_week_of_the_shop_for_the_usual_one_that_it_was(
    schema: Schema,
) -> None:
    usual = np.random.default_rng(1).uniform(0, 2, (6, len(PRODUCT_FEATURES)))
    shop = [names(PRODUCT_FEATURES).index(name) for name in ("shop_week", "shop_month")]
    usual[:, shop], dead = 0, usual.copy()
    dead[:, shop] = -4
    before, now = questions_of(schema)["product"], questions_of(SCHEMA)["product"]
    for found, expected in zip(astuple(before.answer(dead, 1)), astuple(before.answer(usual, 1)), strict=True):
        assert np.array_equal(found, expected)
    assert before.outside(dead, np.arange(1, 7)) == before.outside(usual, np.arange(1, 7))
    assert now.outside(dead, np.arange(1, 7)) != now.outside(usual, np.arange(1, 7))


@BEFORE
@pytest.mark.parametrize(("question", "silence"), [("product", "days_since_last"), ("pair", "product_days_since_last")])
def test_a_version_of_a_release_before_answers_silences_as_it_was_judged(
    schema: Schema, question: Question, silence: str
) -> None:
    before, now = questions_of(schema)[question], questions_of(SCHEMA)[question]
    values = np.random.default_rng(1).uniform(0, 2, (6, len(FEATURES[question])))
    values[:, names(FEATURES[question]).index(silence)] = np.log1p(60)
    of_networks = astuple(without_bounds(now).answer(values, 1))
    assert all(map(np.array_equal, astuple(before.answer(values, 1)), of_networks))
    assert not all(map(np.array_equal, astuple(now.answer(values, 1)), of_networks))


def test_pairs_of_a_product_that_is_silent_for_longer_than_any_order_less_probably_by_each_week() -> None:
    question = demand_model(*demand_version()).questions["pair"]
    place = names(PAIR_FEATURES).index("product_days_since_last")
    values = np.random.default_rng(1).uniform(0, 2, (6, len(PAIR_FEATURES)))
    longest = float(np.rint(np.expm1(3.0)))  # in what the made-up version learned from
    values[:, place] = np.log1p([longest - 5, longest, longest + 7, longest + 14, longest + 28, 0])
    values[5, place] = unknown(PAIR_FEATURES)[place]
    values[:] = np.where(np.arange(len(PAIR_FEATURES)) == place, values, values[0])
    free = replace(question, seen=replace(question.seen, high=question.seen.high + 9))
    share = question.answer(values).order_probability / free.answer(values).order_probability
    assert share == pytest.approx([1, 1, 0.7, 0.49, 0.7**4, 1], rel=1e-5)
    assert question.answer(values).mean.tolist() == free.answer(values).mean.tolist(), "an order would be as large"


def test_pairs_of_an_account_that_is_silent_for_so_much_longer_that_it_is_told_order_less_probably_by_each_week() -> (
    None
):
    """One order of one product, years after a shop's last, had its pairs of 4,000 gone accounts expect 2,500 pieces."""
    question = demand_model(*demand_version()).questions["pair"]
    place = names(PAIR_FEATURES).index("account_days_since_last")
    values = np.random.default_rng(1).uniform(0, 2, (5, len(PAIR_FEATURES)))
    told = (
        float(np.rint(np.expm1(3.0))) + 56
    )  # the longest in what the made-up version learned from, and what is let pass
    values[:, place] = np.log1p([told - 5, told, told + 7, told + 28, 0])
    values[4, place] = unknown(PAIR_FEATURES)[place]
    values[:] = np.where(np.arange(len(PAIR_FEATURES)) == place, values, values[0])
    free = replace(question, seen=replace(question.seen, high=question.seen.high + 9))
    share = question.answer(values).order_probability / free.answer(values).order_probability
    assert share == pytest.approx([1, 1, 0.7, 0.7**4, 1], rel=1e-5)


def never_sold(visit_level: float, shop_week: float = 0.0) -> Any:
    """A product that was looked at, or not even that, among others that were sold as usual."""
    values = np.random.default_rng(1).uniform(0, 2, (6, len(PRODUCT_FEATURES)))
    found = {"days_since_last": unknown(PRODUCT_FEATURES)[names(PRODUCT_FEATURES).index("days_since_last")]}
    for name, value in ({"level": 0.0, "visit_level": np.log1p(visit_level), "shop_week": shop_week} | found).items():
        values[0, names(PRODUCT_FEATURES).index(name)] = value
    return values


@pytest.mark.parametrize("visit_level", [0.0, 1.5])
def test_a_product_that_never_sold_is_expected_to_sell_what_its_visits_say_and_nothing_without_any(
    visit_level: float,
) -> None:
    """None was learned from: networks said nine pieces in four weeks of whatever had been entered into the catalogue."""
    product = without_bounds(questions_of(SCHEMA)["product"])
    values = never_sold(visit_level)
    answer, usual = product.answer(values, 1), replace(product, rests=False).answer(values, 1)
    assert answer.mean[0] == pytest.approx(visit_level, rel=1e-6)
    assert answer.low[0] == 0
    assert usual.mean[0] > 0
    assert np.array_equal(answer.mean[1:], usual.mean[1:]), "of those that were sold nothing changes"


@pytest.mark.parametrize("level", ["level", "curve_level"])
def test_in_a_shop_that_rests_a_product_that_never_sold_is_expected_to_sell_nothing_whoever_looks_at_it(
    level: str,
) -> None:
    places = names(PRODUCT_FEATURES)
    product, values = questions_of(SCHEMA)["product"], never_sold(1.5, shop_week=-4.0)
    values[0, places.index("curve_level")] = np.log1p(1.2)
    assert replace(product, level=places.index(level)).answer(values, 1).mean[0] == 0


def test_a_silent_product_is_expected_to_sell_no_more_than_smoothing_says_whatever_its_curve_does() -> None:
    """A product that sells once in two months is silent for three, and its curve goes on."""
    places = names(PRODUCT_FEATURES)
    product, values = (
        questions_of(SCHEMA)["product"],
        np.random.default_rng(1).uniform(0, 2, (6, len(PRODUCT_FEATURES))),
    )
    values[:, places.index("shop_week")] = -4.0
    smoothed, curve = np.expm1(values[:, [places.index("level"), places.index("curve_level")]]).T
    answer = replace(product, level=places.index("curve_level")).answer(values, 1)
    assert answer.mean == pytest.approx(np.minimum(smoothed, curve), rel=1e-5)


def test_no_line_of_an_order_is_taken_for_a_product_that_never_sold() -> None:
    """What stands in the place of a product's silence among the features of a pair is something else."""
    line = without_bounds(questions_of(SCHEMA)["line"])
    values = np.random.default_rng(1).uniform(0, 2, (6, len(PAIR_FEATURES)))
    values[:, names(PRODUCT_FEATURES).index("days_since_last")] = 8.21
    for found, expected in zip(
        astuple(line.answer(values)), astuple(replace(line, rests=False).answer(values)), strict=True
    ):
        assert np.array_equal(found, expected)
