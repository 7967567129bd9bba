"""The ensemble's answers against its networks computed one by one, layer after layer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercast.contracts.ensemble_forward import Ensemble, Floats, WeightsError, bias_name, kernel_name, stack_weights
from ordercast.contracts.model_manifest import Layer
from tests.support.model_artifacts import BASELINE_LAYERS, SCALER, Arrays, random_arrays

# Far beyond what any account looks; at 10**12 the first layers' float32 sums cancel, and their order decides the digits.
view_counts = st.lists(st.integers(0, 100_000), min_size=1, max_size=20)
# Answers are of the size of one; where a member crosses zero only the absolute difference says something.
NEAR = 1e-5


def one_network(arrays: Arrays, member: int, counts: list[int]) -> Floats:
    value = ((np.array(counts, np.float64) - SCALER.mean) / SCALER.scale).astype(np.float32)[:, None]
    for index, layer in enumerate(BASELINE_LAYERS):
        kernel, bias = (arrays[name][member].astype(np.float32) for name in (kernel_name(index), bias_name(index)))
        value = value @ kernel + bias
        if layer.activation != "linear":
            value = np.maximum(value, 0) if layer.activation == "relu" else np.tanh(value)
    return value[:, 0]


@given(counts=view_counts, seed=st.integers(0, 5))
def test_each_member_answers_what_its_network_computes_alone(counts: list[int], seed: int) -> None:
    arrays = random_arrays(BASELINE_LAYERS, 10, seed)
    answers = Ensemble(stack_weights(BASELINE_LAYERS, 10, arrays), SCALER).answer(counts)
    assert answers.dtype == np.float32
    alone = [one_network(arrays, member, counts) for member in range(10)]
    np.testing.assert_allclose(answers, alone, rtol=NEAR, atol=NEAR)


def test_a_network_of_one_layer_is_a_straight_line() -> None:
    line = (Layer(1, "linear"),)
    arrays = random_arrays(line, 3, seed=1)
    ensemble = Ensemble(stack_weights(line, 3, arrays), SCALER)
    scaled = np.float32((8100 - SCALER.mean) / SCALER.scale)
    kernel, bias = (arrays[name].astype(np.float32) for name in ("dense_0/kernel", "dense_0/bias"))
    expected = kernel[:, 0, 0] * scaled + bias[:, 0]
    np.testing.assert_allclose(ensemble.answer([8100])[:, 0], expected, rtol=1e-6)


@pytest.mark.parametrize("change", ["missing", "unexpected", "shape", "type", "not finite"])
def test_arrays_that_do_not_fit_the_layers_are_refused_by_name(change: str) -> None:
    arrays = random_arrays(BASELINE_LAYERS, 2, seed=1)
    name = kernel_name(3)
    if change == "missing":
        del arrays[name]
    elif change == "unexpected":
        arrays[kernel_name(99)] = arrays[name]
    elif change == "shape":
        arrays[name] = arrays[name][:1]
    elif change == "type":
        arrays[name] = arrays[name].astype(np.float64)
    else:
        arrays[name][0, 0, 0] = np.nan
    with pytest.raises(WeightsError, match=kernel_name(99) if change == "unexpected" else name):
        stack_weights(BASELINE_LAYERS, 2, arrays)
