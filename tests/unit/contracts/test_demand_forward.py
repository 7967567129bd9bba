"""A row has one answer, whatever else is asked for with it."""

from dataclasses import astuple
from typing import Final

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from ordercast.contracts.demand_forward import DemandNetworks, InputScaling, demand_layers
from ordercast.contracts.demand_manifest import Head
from ordercast.contracts.ensemble_forward import bias_name, kernel_name

# The shape in which recipe `demand` is trained: in narrower layers sums are the same in any order.
HIDDEN: Final = (64, 32)
MEMBERS: Final = 10
FEATURES: Final = 38
HEADS: Final[tuple[Head, ...]] = ("order", "mean", "median", "low", "high")


def networks() -> DemandNetworks:
    random = np.random.default_rng(1)
    scaling = InputScaling(*(np.full(FEATURES, value, np.float32) for value in (0.5, 1.0, np.nan)))
    arrays, inputs = dict(scaling.arrays()), FEATURES
    for index, layer in enumerate(demand_layers(HIDDEN, HEADS)):
        arrays[kernel_name(index)] = random.normal(0, 0.2, (MEMBERS, inputs, layer.units)).astype(np.float32)
        arrays[bias_name(index)] = np.zeros((MEMBERS, layer.units), np.float32)
        inputs = layer.units
    return DemandNetworks.of_arrays(HEADS, HIDDEN, MEMBERS, arrays)


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


def test_outputs_are_those_of_the_layers() -> None:
    assert NETWORKS.outputs(VALUES[:13]).shape == (MEMBERS, 13, len(HEADS))
    assert NETWORKS.outputs(VALUES[:0]).shape == (MEMBERS, 0, len(HEADS))
