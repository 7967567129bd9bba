"""What is written is read back, however it lies in memory."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load

from ordercast.services.trainer.training.tensors import tensors

MATRIX = np.arange(24.0).reshape(4, 6)


@pytest.mark.parametrize(
    "array",
    [
        MATRIX,
        MATRIX.T,
        MATRIX[:, 2],
        np.asfortranarray(MATRIX)[1],
        MATRIX[::-1],
        MATRIX[::2, 1::2],
        np.broadcast_to(np.float32(3), (2, 3)),
        np.arange(5),
        np.empty((0, 3)),
    ],
)
def test_an_array_is_read_back_as_it_was(array: np.ndarray) -> None:
    read = load(tensors({"array": array}))["array"]
    assert read.dtype == array.dtype
    assert np.array_equal(read, array)


@given(order=st.permutations(range(3)), steps=st.tuples(*[st.sampled_from([1, 2, -1, -2])] * 3))
def test_axes_and_steps_do_not_matter(order: list[int], steps: tuple[int, int, int]) -> None:
    array = np.arange(60.0).reshape(3, 4, 5).transpose(order)[tuple(slice(None, None, step) for step in steps)]
    assert np.array_equal(load(tensors({"array": array}))["array"], array)
