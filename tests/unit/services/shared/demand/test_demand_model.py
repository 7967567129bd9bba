"""A version answers its three questions, and is refused where a file is missing or damaged."""

from collections.abc import Callable, Mapping
from dataclasses import astuple, replace
from functools import cache
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load, save

from ordercast.contracts.demand_forward import DemandAnswer
from ordercast.contracts.demand_manifest import CALIBRATION_FILE, SEEN_FILE, Boosting, DemandManifest
from ordercast.services.shared.demand.conformal import calibrate, rows_behind, thresholds
from ordercast.services.shared.demand.demand_model import DemandModel
from ordercast.services.shared.demand.feature_list import PAIR_FEATURES, PRODUCT_FEATURES, SHOP_RESTS, Feature, names
from ordercast.services.shared.demand.interval_groups import product_groups, stock_groups
from ordercast.services.shared.demand.load_demand_model import ModelDamaged, demand_model
from ordercast.services.shared.demand.young_products import leveled
from tests.support.demand_versions import demand_version, with_trees

Rows = np.ndarray[Any, np.dtype[np.float64]]
MODEL = demand_model(*with_trees(demand_version()))
# What each method answers to rows and weeks ahead, column by column.
ANSWERS: Mapping[str, tuple[tuple[Feature, ...], Callable[[Rows, int], tuple[Any, ...]]]] = {
    "pairs": (PAIR_FEATURES, lambda values, _: astuple(MODEL.pairs(values, 0.9))),
    "lines": (PAIR_FEATURES, lambda values, _: astuple(MODEL.lines(values, 0.9))),
    "products": (PRODUCT_FEATURES, lambda values, weeks: astuple(MODEL.products(values, weeks, 0.9))),
    "weeks together": (
        PRODUCT_FEATURES,
        lambda values, weeks: astuple(MODEL.said_of_weeks_together(values, weeks)[0])[:4],
    ),
    "stock": (PRODUCT_FEATURES, lambda values, weeks: (MODEL.stock(values, weeks, 0.95),)),
}


@pytest.fixture(scope="module")
def model() -> DemandModel:
    return MODEL


@cache
def rows(features: tuple[Feature, ...], count: int) -> Rows:
    """Of a shop that is open."""
    values = np.random.default_rng(3).uniform(0, 2, (count, len(features)))
    return np.where([feature.name == SHOP_RESTS for feature in features], 0.0, values)


@cache
def of_all_rows(name: str, weeks: int) -> tuple[Any, ...]:
    features, answer = ANSWERS[name]
    return answer(rows(features, 9_000), weeks)


def test_a_pair_has_probability_pieces_and_an_interval_that_holds_what_is_expected(model: DemandModel) -> None:
    answers = model.pairs(rows(PAIR_FEATURES, 50), level=0.9)
    assert ((answers.order_probability > 0) & (answers.order_probability < 1)).all()
    assert answers.expected == pytest.approx(answers.order_probability * answers.mean, rel=1e-5)
    assert (answers.low <= np.rint(answers.expected)).all()
    assert (answers.high >= np.rint(answers.expected)).all()


def test_an_order_has_a_piece_at_least_in_the_mean_too_which_times_its_probability_is_what_is_expected() -> None:
    """The networks said 0.6 pieces in the mean, "if it orders", of pairs that they know little of."""
    values = rows(PAIR_FEATURES, 50).copy()
    values[:, names(PAIR_FEATURES).index("pair_level")] = np.log1p(np.linspace(0.001, 4, 50))
    answers = MODEL.pairs(values, level=0.9)
    assert answers.mean.min() == 1
    assert answers.mean.max() > 1
    assert answers.expected == pytest.approx(answers.order_probability * answers.mean, rel=1e-6)


def test_an_order_has_a_median_of_one_piece_at_least_and_the_mean_is_what_gives_the_expected(
    model: DemandModel,
) -> None:
    column = np.array([0.25, 0.5, 2.0], np.float32)
    answer = model.with_intervals(DemandAnswer(np.full(3, 0.5, np.float32), *[column] * 4), level=0.9)
    assert answer.median.tolist() == [1.0, 1.0, 2.0]
    assert answer.expected.tolist() == [0.125, 0.25, 1.0] == (answer.order_probability * answer.mean).tolist()


@settings(max_examples=20)
@given(st.floats(0.5, 0.99))
def test_more_weeks_need_no_less_stock(service_level: float) -> None:
    """The thresholds of each number of weeks are its own: here those of more weeks are far smaller."""
    weeks = np.repeat(np.arange(1, 9), 400)
    scores = np.random.default_rng(1).exponential(1, len(weeks)) * 4 / weeks**2
    calibration = calibrate(scores, stock_groups(np.zeros(len(weeks)), weeks, np.zeros(len(weeks), np.bool_)))
    model = replace(MODEL, calibrations={**MODEL.calibrations, "stock": calibration})
    values = rows(PRODUCT_FEATURES, 60)
    by_weeks = [model.stock(values, count, service_level) for count in range(1, 9)]
    assert (np.diff(by_weeks, axis=0) >= 0).all()


def test_young_products_have_thresholds_of_their_own_and_a_version_from_before_has_none() -> None:
    values = rows(PRODUCT_FEATURES, 60).copy()
    values[:, names(PRODUCT_FEATURES).index("age")] = np.log1p(np.where(np.arange(60) < 20, 90, 91))
    together = replace(MODEL, young_apart=False)
    by_week = MODEL.said_of_week(values, 1)[1], together.said_of_week(values, 1)[1]
    of_several = MODEL.said_of_weeks_together(values, 2)[1], together.said_of_weeks_together(values, 2)[1]
    for groups, before in (by_week, of_several):
        assert len(set(groups[:20, 0].tolist())) == 1
        assert not set(groups[:20, 0].tolist()) & set(before[:, 0].tolist())
        assert np.array_equal(groups[20:], before[20:])
        assert np.array_equal(groups[:, 1], before[:, 1]), "where young ones are too few, they are as others"
    manifest, files = demand_version()
    assert demand_model(manifest, files).young_apart
    assert not demand_model(msgspec.structs.replace(manifest, schema="ordercast.demand/3"), files).young_apart


def test_each_number_of_weeks_has_thresholds_of_its_own_for_young_products_too() -> None:
    """Those of one week lie far out, those of two are enough for a third of them: three have too few young products."""
    weeks, young = np.repeat([1, 2, 3, 3], [300, 300, 60, 600]), np.repeat([True, False], [660, 600])
    scores, nothing = np.repeat([9.0, 3.0, 5.0, 1.0], [300, 300, 60, 600]), np.zeros(len(weeks))
    made = calibrate(scores, stock_groups(nothing, weeks, young))
    asked = stock_groups(np.zeros(3), np.array([1, 2, 3]), np.ones(3, np.bool_))
    assert thresholds(made, asked, 0.9).tolist() == [9, 3, 1]
    assert rows_behind(made, asked).tolist() == [300, 300, 660]


def test_a_launch_larger_than_any_before_it_is_bounded_by_what_all_products_sold() -> None:
    """Young products held out sold ten pieces at most, others a million; this one sells a hundred a week."""
    young, weeks = np.repeat([True, False], 4_000), np.tile(np.repeat(np.arange(1, 9), 500), 2)
    pieces = np.where(young, 10, 1_000_000)
    scores = np.random.default_rng(1).exponential(1, len(weeks))
    groups = {
        "week": product_groups(pieces * 1.0, np.full(len(pieces), 50.0), young),
        "stock": stock_groups(pieces * 1.0, weeks, young),
    }
    made = {kind: calibrate(scores, of_kind, pieces) for kind, of_kind in groups.items()}
    model = replace(MODEL, calibrations={**MODEL.calibrations, **made})
    values = rows(PRODUCT_FEATURES, 20).copy()
    values[:, names(PRODUCT_FEATURES).index("level")] = np.log1p(100)
    expected = model.products(values, 4, 0.9)
    assert (expected.expected.sum(axis=1) > 200).all()
    assert (expected.high > expected.expected * 1.1).all()
    usual, sure = (model.stock(values, 4, level) for level in (0.9, 0.99))
    assert (usual > expected.expected.sum(axis=1)).all()
    assert (sure > usual).all()


def test_what_is_no_longer_on_sale_is_stocked_by_its_mean_alone_and_not_by_what_others_needed() -> None:
    """Products that sell little had far more than was expected now and then; these have sold nothing for 13 weeks, or ever."""
    weeks = np.repeat(np.arange(1, 9), 500)
    scores, pieces = np.full(len(weeks), 9.0), np.full(len(weeks), 50)
    one, nothing = np.ones(len(weeks)), np.zeros(len(weeks), np.bool_)
    groups = {"week": product_groups(one, one, nothing), "stock": stock_groups(one, weeks, nothing)}
    made = {kind: calibrate(scores, of_kind, pieces) for kind, of_kind in groups.items()}
    model = replace(MODEL, calibrations={**MODEL.calibrations, **made})
    values = np.tile(rows(PRODUCT_FEATURES, 1), (3, 1))
    values[:, names(PRODUCT_FEATURES).index("level")] = np.log1p(1e-4)
    values[:, names(PRODUCT_FEATURES).index("visit_level")] = 0.0
    values[:, names(PRODUCT_FEATURES).index("days_since_last")] = np.log1p([91, 92, np.expm1(8.21)])
    said, stock = model.forecasts(values, 8, 0.9, 0.95)
    assert said.high[0].min() > 0
    assert stock[0] > 0
    assert (said.expected[1:].sum(axis=1) < 0.05).all()
    assert (said.high[1:] == 0).all()
    assert stock[1:].tolist() == [0, 0]


def test_a_higher_level_has_wider_intervals(model: DemandModel) -> None:
    values = rows(PAIR_FEATURES, 50)
    narrow, wide = model.lines(values, level=0.6), model.lines(values, level=0.95)
    assert (narrow.high <= wide.high).all()
    assert (narrow.high < wide.high).any()


def test_a_product_has_a_number_for_each_week_and_stock_for_all_of_them(model: DemandModel) -> None:
    values = rows(PRODUCT_FEATURES, 20)
    weeks = model.products(values, weeks=4, level=0.9)
    assert weeks.expected.shape == weeks.low.shape == weeks.high.shape == (20, 4)
    stock = model.stock(values, weeks=4, service_level=0.95)
    assert (stock >= model.stock(values, weeks=4, service_level=0.6)).all()
    assert (stock >= model.stock(values, weeks=1, service_level=0.95)).all()


@settings(max_examples=40)
@given(st.integers(0, 9_000 - 1), st.integers(1, 40), st.sampled_from([1, 8]))
@example(3606, 1, 8)
def test_rows_are_answered_alike_to_the_bit_alone_and_among_any_others(first: int, count: int, weeks: int) -> None:
    for name, (features, answer) in ANSWERS.items():
        some = answer(rows(features, 9_000)[first : first + count], weeks)
        for column, of_all in zip(some, of_all_rows(name, weeks), strict=True):
            assert np.array_equal(column, of_all[first : first + count]), name


def test_no_rows_have_no_answers(model: DemandModel) -> None:
    assert model.pairs(rows(PAIR_FEATURES, 0), level=0.9).expected.shape == (0,)
    assert model.products(rows(PRODUCT_FEATURES, 0), weeks=2, level=0.9).expected.shape == (0, 2)


@pytest.mark.parametrize(("horizon_days", "longer"), [(7, 56), (28, 56), (56, 112)])
def test_two_horizons_of_silence_or_the_weeks_held_out_are_no_news(horizon_days: int, longer: int) -> None:
    manifest, files = demand_version()
    pair = demand_model(msgspec.structs.replace(manifest, horizon_days=horizon_days), files).questions["pair"]
    values = np.tile(rows(PAIR_FEATURES, 1), (2, 1))
    place = names(PAIR_FEATURES).index("pair_days_since_last")
    values[:, place] = np.log1p(np.expm1(pair.seen.high[place]) + longer + np.array([-0.1, 0.1]))
    assert [len(reasons) for reasons in pair.outside(values, np.array([7, 7]))] == [0, 1]


def test_what_lies_outside_of_what_was_learned_from_is_named(model: DemandModel) -> None:
    values = rows(PAIR_FEATURES, 1).copy()
    assert model.questions["pair"].outside(values, np.array([7])) == [()]
    values[0, names(PAIR_FEATURES).index("pair_views_7")] = 13.0
    [reasons] = model.questions["pair"].outside(values, np.array([123]))
    assert "product 123 was not in what was learned from" in reasons
    assert any(reason.startswith("pair_views_7 is 442,412, far more") for reason in reasons)


def test_a_blend_is_the_weighted_mean_of_networks_trees_and_level_and_leaves_quantiles_alone() -> None:
    version = demand_version()
    networks = demand_model(*version).questions["product"]
    values = rows(PRODUCT_FEATURES, 60)
    level = np.expm1(values[:, names(PRODUCT_FEATURES).index("level")])
    for weeks_ahead in (1, 2):
        trees = np.where(values[:, 0] <= 1, 1.1, 1.0) * (0.8 if weeks_ahead > 1 else 1.0) * (level + 1)
        alone = networks.answer(values, weeks_ahead)
        for weight in (0.25, 1.0):
            answer = demand_model(*with_trees(version, weight)).questions["product"].answer(values, weeks_ahead)
            assert answer.mean == pytest.approx((1 - weight) * alone.mean + weight * trees, rel=1e-5)
            assert np.array_equal(answer.median, alone.median)
            for by in (None, "level", "mean_all"):
                held_back = demand_model(*with_trees(version, weight, level_weight=0.3, holds_back=by))
                held_answer = held_back.questions["product"].answer(values, weeks_ahead)
                held_by = np.expm1(values[:, names(PRODUCT_FEATURES).index(by or "level")])
                assert held_answer.mean == pytest.approx(0.7 * answer.mean + 0.3 * held_by, rel=1e-5)
                assert np.array_equal(held_answer.median, alone.median)
    with pytest.raises(ModelDamaged, match="held back by the feature tide"):
        demand_model(*with_trees(version, 0.25, level_weight=0.3, holds_back="tide"))
    assert astuple(MODEL.questions["pair"].answer(rows(PAIR_FEATURES, 8)))[1] == pytest.approx(
        demand_model(*version).questions["pair"].answer(rows(PAIR_FEATURES, 8)).mean
    )


def test_a_version_from_before_there_were_trees_and_one_whose_trees_have_no_weight_answer_by_networks() -> None:
    manifest, files = demand_version()
    boosting = Boosting(0, 2, {}, 1_000, 200)
    product = msgspec.structs.replace(manifest.questions["product"], boosting=boosting)
    other = msgspec.structs.replace(manifest, questions={**manifest.questions, "product": product})
    assert demand_model(manifest, files).questions["product"].boosted is None
    assert demand_model(other, files).questions["product"].boosted is None


def test_forecasts_are_the_weeks_and_the_stock(model: DemandModel) -> None:
    values = rows(PRODUCT_FEATURES, 30)
    weeks, stock = model.forecasts(values, 4, 0.9, 0.95)
    for made, alone in zip(astuple(weeks), astuple(model.products(values, 4, 0.9)), strict=True):
        assert np.array_equal(made, alone)
    assert np.array_equal(stock, model.stock(values, 4, 0.95))


def without(file: str, array: str) -> Callable[[dict[str, bytes]], None]:
    return lambda files: files.update(
        {file: save({name: content for name, content in load(files[file]).items() if name != array})}
    )


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda files: files.pop("line.safetensors"), "line.safetensors is missing"),
        (lambda files: files.update({"pair.safetensors": b"no tensors"}), r"pair.safetensors: "),
        (without("product.safetensors", "dense_0/bias"), r"product.safetensors: missing \['dense_0/bias'\]"),
        (without(SEEN_FILE, "line/high"), r"seen.safetensors lacks line/high"),
        (
            without(CALIBRATION_FILE, "week/rows"),
            r"calibration.safetensors, week: a calibration lacks its array 'rows'",
        ),
        (lambda files: files.update({CALIBRATION_FILE: save({})}), r"calibration.safetensors, pair: "),
        (lambda files: files.pop("product_trees.safetensors"), "product_trees.safetensors is missing"),
        (without("product_trees.safetensors", "root"), r"product_trees.safetensors: missing \['root'\]"),
    ],
)
def test_a_damaged_version_is_refused_with_the_reason(
    damage: Callable[[dict[str, bytes]], object], reason: str
) -> None:
    manifest, files = with_trees(demand_version())
    damage(files)
    with pytest.raises(ModelDamaged, match=reason):
        demand_model(manifest, files)


def test_a_feature_that_this_release_does_not_have_is_named() -> None:
    manifest, files = demand_version()
    pair = manifest.questions["pair"]
    newer = msgspec.structs.replace(pair, features=("pair_mood", *pair.features[1:]))
    other: DemandManifest = msgspec.structs.replace(manifest, questions={**manifest.questions, "pair": newer})
    with pytest.raises(ModelDamaged, match="pair asks for the feature pair_mood"):
        demand_model(other, files)


def test_the_level_answers_for_products_younger_than_any_learned_from_and_for_no_others() -> None:
    product = demand_model(*with_trees(demand_version())).questions["product"]
    age = names(PRODUCT_FEATURES).index("age")
    low = product.seen.low.copy()
    low[age] = 1.0
    values = rows(PRODUCT_FEATURES, 60)
    level, young = np.expm1(values[:, names(PRODUCT_FEATURES).index("level")]), values[:, age] < 1.0
    usual, answer = (one.answer(values, 1) for one in (product, replace(product, seen=replace(product.seen, low=low))))
    assert young.any()
    assert not young.all()
    assert answer.mean[young] == pytest.approx(level[young], rel=1e-6)
    assert answer.median[young] == pytest.approx(level[young], rel=1e-5)
    for quantile in ("low", "high"):
        apart, before = (np.log1p(getattr(one, quantile)) - np.log1p(one.median) for one in (answer, usual))
        inner = young & (answer.low > 0) & (usual.low > 0)
        assert apart[inner] == pytest.approx(before[inner], abs=1e-5)
    for column, of_usual in zip(astuple(answer), astuple(usual), strict=True):
        assert np.array_equal(column[~young], of_usual[~young])


def test_a_version_of_a_release_before_answers_for_young_products_as_it_was_judged() -> None:
    age = names(PRODUCT_FEATURES).index("age")
    manifest, files = with_trees(demand_version())
    seen = {name: array for name, array in load(files[SEEN_FILE]).items() if not name.endswith("/never")}
    low = seen["product/low"].copy()
    low[age] = 1.0
    values = rows(PRODUCT_FEATURES, 60)
    usual, answer = (
        demand_model(manifest, {**files, SEEN_FILE: save(arrays)}).questions["product"].answer(values, 1)
        for arrays in (seen, {**seen, "product/low": low})
    )
    assert np.array_equal(answer.mean, usual.mean)
    assert np.array_equal(answer.median, usual.median)


def test_a_product_without_any_order_has_no_level_that_could_answer() -> None:
    answer = DemandAnswer(*(np.array([value], np.float32) for value in (1, 0.5, 0.1, 0.4, 2)))
    assert leveled(answer, np.zeros(1), np.array([True])) is answer
