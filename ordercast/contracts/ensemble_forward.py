"""What an ensemble answers, in plain numpy: the trainer judges a model with it, the predictor serves by it.

One definition for both, so that what was measured on the held-out rows is what a client gets.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ordercast.contracts.model_manifest import Activation, Layer, Scaler

Floats = npt.NDArray[np.float32]


class WeightsError(ValueError):
    """The arrays do not fit the layers that the manifest names; the message names the array."""


@dataclass(frozen=True, slots=True)
class StackedDense:
    """One dense layer of all members: kernel [members, inputs, units], bias [members, units]."""

    kernel: Floats
    bias: Floats
    activation: Activation


@dataclass(frozen=True, slots=True)
class StackedWeights:
    """All members' layers, first to last."""

    layers: tuple[StackedDense, ...]

    @property
    def members(self) -> int:
        """How many networks stand on the leading axis."""
        return int(self.layers[0].kernel.shape[0])


def kernel_name(index: int) -> str:
    """Name of layer `index`'s kernel in weights.safetensors."""
    return f"dense_{index}/kernel"


def bias_name(index: int) -> str:
    """Name of layer `index`'s bias in weights.safetensors."""
    return f"dense_{index}/bias"


def stack_weights(
    layers: Sequence[Layer], members: int, arrays: Mapping[str, npt.NDArray[np.generic]]
) -> StackedWeights:
    """Put the arrays of weights.safetensors in order.

    Raises WeightsError unless each is there, float32, of its shape and finite.
    """
    expected = {name for i in range(len(layers)) for name in (kernel_name(i), bias_name(i))}
    if expected != arrays.keys():
        raise WeightsError(f"missing {sorted(expected - arrays.keys())}, unexpected {sorted(arrays.keys() - expected)}")
    stacked: list[StackedDense] = []
    inputs = 1
    for index, layer in enumerate(layers):
        kernel = _checked(arrays, kernel_name(index), (members, inputs, layer.units))
        bias = _checked(arrays, bias_name(index), (members, layer.units))
        stacked.append(StackedDense(kernel, bias, layer.activation))
        inputs = layer.units
    return StackedWeights(tuple(stacked))


def forward(weights: StackedWeights, scaler: Scaler, view_counts: npt.ArrayLike) -> Floats:
    """Quantity that each member predicts: view_counts (n,) -> [members, n], float32.

    The input is scaled in float64 and then narrowed, as a script with scikit-learn and Keras does it.
    """
    scaled = (np.asarray(view_counts, dtype=np.float64) - scaler.mean) / scaler.scale
    value: Floats = np.broadcast_to(scaled.astype(np.float32)[None, :, None], (weights.members, scaled.size, 1))
    for layer in weights.layers:
        value = np.matmul(value, layer.kernel) + layer.bias[:, None, :]
        if layer.activation == "relu":
            value = np.maximum(value, np.float32(0))
        elif layer.activation == "tanh":
            value = np.tanh(value)
    return value[:, :, 0]


def _checked(arrays: Mapping[str, npt.NDArray[np.generic]], name: str, shape: tuple[int, ...]) -> Floats:
    array = arrays[name]
    if array.dtype != np.float32 or array.shape != shape:
        raise WeightsError(f"{name} is {array.dtype}{list(array.shape)}, expected float32{list(shape)}")
    if not np.isfinite(array).all():
        raise WeightsError(f"{name} holds a number that is not finite")
    return np.asarray(array, dtype=np.float32)
