"""A row has one answer, whatever else is asked for with it."""

from dataclasses import astuple
from typing import Final

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercast.contracts.demand_forward import (
    INPUT_LEAST,
    INPUT_MOST,
    MOST_LOG_MEAN,
    MOST_LOG_MEAN_BEFORE,
    DemandNetworks,
    InputScaling,
    demand_layers,
)
from ordercast.contracts.demand_manifest import Head
from ordercast.contracts.ensemble_forward import WeightsError, bias_name, kernel_name

# The shape in which recipe `demand` is trained: in narrower layers sums are the same in any order.
HIDDEN: Final = (64, 32)
MEMBERS: Final = 10
FEATURES: Final = 38
HEADS: Final[tuple[Head, ...]] = ("order", "mean", "median", "low", "high")


def arrays_of_networks() -> dict[str, npt.NDArray[np.float32]]:
    random = np.random.default_rng(1)
    scaling = InputScaling(*(np.full(FEATURES, value, np.float32) for value in (0.5, 1.0, np.nan, 0.0, 9.0)))
    arrays, inputs = dict(scaling.arrays()), FEATURES
    for index, layer in enumerate(demand_layers(HIDDEN, HEADS)):
        arrays[kernel_name(index)] = random.normal(0, 0.2, (MEMBERS, inputs, layer.units)).astype(np.float32)
        arrays[bias_name(index)] = np.zeros((MEMBERS, layer.units), np.float32)
        inputs = layer.units
    return arrays


def networks(**changes: npt.NDArray[np.float32]) -> DemandNetworks:
    return DemandNetworks.of_arrays(HEADS, HIDDEN, MEMBERS, arrays_of_networks() | changes)


NETWORKS: Final = networks()
VALUES: Final = np.random.default_rng(2).uniform(0, 3, (600, FEATURES))
LEVELS: Final = np.random.default_rng(3).uniform(0, 20, 600)


def columns(rows: npt.NDArray[np.int64]) -> list[npt.NDArray[np.float32]]:
    return list(astuple(NETWORKS.answer(VALUES[rows], LEVELS[rows])))


ALL: Final = columns(np.arange(600))


@given(st.lists(st.integers(0, 599), min_size=1, max_size=60))
def test_a_row_is_answered_alike_to_the_bit_alone_and_at_any_place_among_others(rows: list[int]) -> None:
    places = np.array(rows)
    for some, of_all in zip(columns(places), ALL, strict=True):
        assert np.array_equal(some, of_all[places])


def test_without_its_spread_an_answer_has_the_same_probability_and_mean_to_the_bit() -> None:
    whole, short = NETWORKS.answer(VALUES, LEVELS), NETWORKS.answer(VALUES, LEVELS, spread=False)
    assert np.array_equal(short.order_probability, whole.order_probability)
    for column in (short.mean, short.low, short.median, short.high):
        assert np.array_equal(column, whole.mean)


def test_outputs_are_those_of_the_layers() -> None:
    assert NETWORKS.outputs(VALUES[:13]).shape == (MEMBERS, 13, len(HEADS))
    assert NETWORKS.outputs(VALUES[:0]).shape == (MEMBERS, 0, len(HEADS))


def test_a_value_beyond_those_learned_from_says_what_the_farthest_of_them_says() -> None:
    bounds = {INPUT_LEAST: np.full(FEATURES, 1, np.float32), INPUT_MOST: np.full(FEATURES, 2, np.float32)}
    held, free = networks(**bounds), NETWORKS.answer(VALUES, LEVELS)
    answer, of_bounds = held.answer(VALUES, LEVELS), held.answer(np.clip(VALUES, 1, 2), LEVELS)
    assert np.array_equal(answer.mean, of_bounds.mean)
    assert not np.array_equal(answer.mean, free.mean)


def test_an_unknown_value_is_beyond_no_bound() -> None:
    scaling = InputScaling(*(np.array([value], np.float32) for value in (0.5, 1.0, 8.0, 0.0, 2.0)))
    assert scaling(np.array([[8.0], [7.0], [1.0]])).tolist() == [[0, 1], [1.5, 0], [0.5, 0]]


def test_a_version_of_before_has_no_bounds() -> None:
    arrays = {name: array for name, array in arrays_of_networks().items() if name not in {INPUT_LEAST, INPUT_MOST}}
    of_before = DemandNetworks.of_arrays(HEADS, HIDDEN, MEMBERS, arrays)
    assert np.array_equal(of_before.answer(VALUES, LEVELS).mean, NETWORKS.answer(VALUES, LEVELS).mean)


def test_bounds_that_are_none_are_refused() -> None:
    with pytest.raises(WeightsError, match="bounds of the inputs"):
        networks(**{INPUT_MOST: np.full(FEATURES, np.nan, np.float32)})


def test_what_may_be_ordered_is_answered_uncut_and_versions_of_before_are_cut_as_they_learned() -> None:
    """A shop that sells millions a week of a product."""
    level = np.full(600, 1.7e6)
    now, before = (
        DemandNetworks.of_arrays(HEADS, HIDDEN, MEMBERS, arrays_of_networks(), most)
        for most in (MOST_LOG_MEAN, MOST_LOG_MEAN_BEFORE)
    )
    said, cut = now.answer(VALUES, level), before.answer(VALUES, level)
    logs = np.log(np.float32(1.7e6)) + now.outputs(VALUES)[:, :, HEADS.index("mean")]
    assert said.mean == pytest.approx(np.exp(logs).mean(axis=0), rel=1e-4)
    assert (said.high > said.median).all()
    assert (said.median > 2e5).all()
    assert cut.mean.max() == pytest.approx(np.exp(12), rel=1e-4)
    for usual, as_before in zip(
        astuple(now.answer(VALUES, LEVELS)), astuple(before.answer(VALUES, LEVELS)), strict=True
    ):
        assert np.array_equal(usual, as_before)
