"""What an ensemble answers, in numpy: the trainer judges a model by this class, and the predictor answers with it.

So what was measured on the held-out rows is what a client gets.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

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
    layers: Sequence[Layer], members: int, arrays: Mapping[str, npt.NDArray[np.generic]], inputs: int = 1
) -> StackedWeights:
    """Put the arrays of weights.safetensors in order, for networks of so many `inputs`.

    Raises WeightsError unless each is there, float32, of its shape and finite.
    """
    expected = {name for i in range(len(layers)) for name in (kernel_name(i), bias_name(i))}
    if expected != arrays.keys():
        raise WeightsError(f"missing {sorted(expected - arrays.keys())}, unexpected {sorted(arrays.keys() - expected)}")
    stacked: list[StackedDense] = []
    for index, layer in enumerate(layers):
        kernel = _checked(arrays, kernel_name(index), (members, inputs, layer.units))
        bias = _checked(arrays, bias_name(index), (members, layer.units))
        stacked.append(StackedDense(kernel, bias, layer.activation))
        inputs = layer.units
    return StackedWeights(tuple(stacked))


def _relu(value: Floats) -> None:
    np.maximum(value, _ZERO, out=value)


def _tanh(value: Floats) -> None:
    np.tanh(value, out=value)


_ZERO: Final = np.zeros((), dtype=np.float32)  # made once: converting a Python 0 costs as much as the comparison
_IN_PLACE: Final[Mapping[Activation, Callable[[Floats], None] | None]] = {"relu": _relu, "tanh": _tanh, "linear": None}


class Ensemble:
    """All networks of one model version. It holds no state of a call, so any thread may use it.

    One view count through ten networks of fourteen layers is mostly call overhead, so biases have their final shape from the
    start, the one-column first layer is a product instead of a matrix product, and each layer's result is changed in place.
    """

    def __init__(self, weights: StackedWeights, scaler: Scaler) -> None:
        self._mean = scaler.mean
        self._scale = scaler.scale
        self._layers = tuple(
            (layer.kernel, np.ascontiguousarray(layer.bias[:, None, :]), _IN_PLACE[layer.activation])
            for layer in weights.layers
        )
        self.members = weights.members

    def answer(self, view_counts: npt.ArrayLike) -> Floats:
        """Quantity that each member predicts: view_counts (n,) -> [members, n], float32.

        Memory grows with n (the widest layer holds members x n x 128 numbers): callers with many pass slices.
        """
        # Scaled in float64 and then narrowed, as a script with scikit-learn and Keras does it.
        scaled = ((np.asarray(view_counts, dtype=np.float64) - self._mean) / self._scale).astype(np.float32)
        kernel, bias, activate = self._layers[0]
        value: Floats = kernel * scaled[None, :, None]
        value += bias
        if activate is not None:
            activate(value)
        for kernel, bias, activate in self._layers[1:]:
            value = np.matmul(value, kernel)
            value += bias
            if activate is not None:
                activate(value)
        return value[:, :, 0]


def _checked(arrays: Mapping[str, npt.NDArray[np.generic]], name: str, shape: tuple[int, ...]) -> Floats:
    array = arrays[name]
    if array.dtype != np.float32 or array.shape != shape:
        raise WeightsError(f"{name} is {array.dtype}{list(array.shape)}, expected float32{list(shape)}")
    if not np.isfinite(array).all():
        raise WeightsError(f"{name} holds a number that is not finite")
    return np.asarray(array, dtype=np.float32)
