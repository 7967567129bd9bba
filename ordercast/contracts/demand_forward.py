"""What the networks of demand answer, in numpy: the trainer judges by this class what a predictor would say.

Each network adds to what is known before it, so that one which learned nothing answers that: log of the mean is the log of a
level plus its head, the median on log(1 + pieces) is that of the level plus its head.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from ordercast.contracts.demand_manifest import Head
from ordercast.contracts.ensemble_forward import Floats, StackedWeights, WeightsError, stack_weights
from ordercast.contracts.model_manifest import Layer

# Standardised inputs are held to this: more of anything says no more.
MOST_DEVIATIONS: Final = 6.0
# A level of nothing: a network adds to its logarithm.
LEVEL_OF_NOTHING: Final = 0.3
# Bounds of the log of the mean: exp(23) are ten thousand million pieces, or ten thousand order lines of the most pieces that one
# may have. Versions up to `ordercast.demand/5` learned that it is 163,000 at most.
LEAST_LOG_MEAN: Final = -7.0
MOST_LOG_MEAN: Final = 23.03
MOST_LOG_MEAN_BEFORE: Final = 12.0
# Rows that are multiplied at once: BLAS computes two to twelve alike to the last bit, but one alone or more than that in another
# order. So a row has one answer, alone or among others, for a quarter more time.
BLOCK: Final = 8

INPUT_MEAN: Final = "inputs/mean"
INPUT_SCALE: Final = "inputs/scale"
INPUT_MISSING: Final = "inputs/missing"
INPUT_LEAST: Final = "inputs/least"
INPUT_MOST: Final = "inputs/most"
_INPUTS: Final = (INPUT_MEAN, INPUT_SCALE, INPUT_MISSING)
_BOUNDS: Final = {INPUT_LEAST: -np.inf, INPUT_MOST: np.inf}


@dataclass(frozen=True, slots=True)
class InputScaling:
    """By feature: `scale` is one over the standard deviation, 0 for a feature that never varied and so must say nothing.

    `missing` is the value that stands for "unknown", not-a-number where there is none. An unknown value goes in as the mean,
    with a flag of its own after all features. Others are held to `least` and `most`; endless where nothing holds them.
    """

    mean: Floats
    scale: Floats
    missing: Floats
    least: Floats
    most: Floats
    flagged: npt.NDArray[np.int64] = field(init=False)  # the features that have a flag

    def __post_init__(self) -> None:
        object.__setattr__(self, "flagged", np.flatnonzero(~np.isnan(self.missing)))

    @property
    def inputs(self) -> int:
        """How many numbers a network sees: the features, then the flags."""
        return len(self.mean) + len(self.flagged)

    def __call__(self, values: npt.NDArray[np.float64]) -> Floats:
        """Features [rows, features] as a network sees them [rows, inputs], within +-6."""
        values = values.astype(np.float32)
        flags = values == self.missing
        np.maximum(values, self.least, out=values)
        np.minimum(values, self.most, out=values)
        scaled: Floats = np.asarray((values - self.mean) * self.scale, np.float32)
        _hold(scaled, -MOST_DEVIATIONS, MOST_DEVIATIONS)
        scaled[flags] = 0
        return np.concatenate([scaled, flags[:, self.flagged].astype(np.float32)], axis=1)

    def arrays(self) -> dict[str, Floats]:
        """As they are kept beside the weights."""
        return dict(
            zip((*_INPUTS, *_BOUNDS), (self.mean, self.scale, self.missing, self.least, self.most), strict=True)
        )


@dataclass(frozen=True, slots=True)
class DemandAnswer:
    """By row, of all networks together. `order_probability` is 1, and quantiles are the mean, where there is no such head."""

    order_probability: Floats
    mean: Floats
    low: Floats
    median: Floats
    high: Floats

    @property
    def expected(self) -> Floats:
        """Pieces: the probability of an order times those if there is one."""
        return self.order_probability * self.mean

    def first(self, rows: int) -> "DemandAnswer":
        """Of the first rows alone."""
        columns = (self.order_probability, self.mean, self.low, self.median, self.high)
        return DemandAnswer(*(column[:rows] for column in columns))


class DemandNetworks:
    """All networks for one question. It holds no state of a call, so any thread may use it."""

    def __init__(
        self,
        heads: tuple[Head, ...],
        scaling: InputScaling,
        weights: StackedWeights,
        most_log_mean: float = MOST_LOG_MEAN,
    ) -> None:
        self._most_log_mean = most_log_mean
        self._heads = heads
        self._scaling = scaling
        self._weights = weights

    @classmethod
    def of_arrays(
        cls,
        heads: tuple[Head, ...],
        hidden: tuple[int, ...],
        members: int,
        arrays: Mapping[str, Floats],
        most_log_mean: float = MOST_LOG_MEAN,
    ) -> "DemandNetworks":
        """From the arrays of weights.safetensors.

        Raises:
            WeightsError: one is missing, of another shape, or holds a number that is not finite.
        """
        if missing := [name for name in _INPUTS if name not in arrays]:
            raise WeightsError(f"missing {missing}")
        # A version of a release before has no bounds.
        endless = {name: np.full_like(arrays[INPUT_MEAN], far) for name, far in _BOUNDS.items()}
        scaling = InputScaling(*((endless | dict(arrays))[name] for name in (*_INPUTS, *_BOUNDS)))
        if not np.isfinite(scaling.mean).all() or not np.isfinite(scaling.scale).all():
            raise WeightsError("the scaling of the inputs holds a number that is not finite")
        if not (scaling.least <= scaling.most).all():
            raise WeightsError("the bounds of the inputs are none")
        dense = {name: array for name, array in arrays.items() if name not in (*_INPUTS, *_BOUNDS)}
        layers = demand_layers(hidden, heads)
        return cls(heads, scaling, stack_weights(layers, members, dense, scaling.inputs), most_log_mean)

    @property
    def members(self) -> int:
        return self._weights.members

    @property
    def heads(self) -> tuple[Head, ...]:
        return self._heads

    def outputs(self, values: npt.NDArray[np.float64]) -> Floats:
        """The last layer's units [members, rows, heads] for features [rows, features].

        Memory grows with the rows (members x rows x the widest layer): callers with many pass slices.
        """
        return self._outputs_of_blocks(_whole_blocks(values))[:, : len(values)]

    def answer(
        self, values: npt.NDArray[np.float64], level: npt.NDArray[np.float64], *, spread: bool = True
    ) -> DemandAnswer:
        """What all networks together answer for features [rows, features] and a level in pieces [rows].

        Without its `spread` it is the sooner there; quantiles are the mean then.
        """
        return self._answer_blocks(_whole_blocks(values), _whole_blocks(level), spread).first(len(values))

    def _outputs_of_blocks(self, values: npt.NDArray[np.float64]) -> Floats:
        value = self._scaling(values).reshape(1, -1, BLOCK, self._scaling.inputs)
        for layer in self._weights.layers:
            value = np.matmul(value, layer.kernel[:, None])
            value += layer.bias[:, None, None, :]
            if layer.activation == "relu":
                np.maximum(value, 0, out=value)
        return value.reshape(self.members, len(values), -1)

    def _answer_blocks(
        self, values: npt.NDArray[np.float64], level: npt.NDArray[np.float64], spread: bool
    ) -> DemandAnswer:
        heads = dict(zip(self._heads, np.moveaxis(self._outputs_of_blocks(values), -1, 0), strict=True))
        level = np.maximum(level, LEVEL_OF_NOTHING).astype(np.float32)
        log_mean = _hold(np.log(level) + heads["mean"], LEAST_LOG_MEAN, self._most_log_mean)
        mean = _mean_of_members(np.exp(log_mean))
        probability = _mean_of_members(1 / (1 + np.exp(-heads["order"]))) if "order" in heads else np.ones_like(mean)
        if "median" not in heads or not spread:
            return DemandAnswer(probability, mean, mean, mean, mean)
        median = np.log1p(level) + heads["median"]
        low = median - _softplus(heads["low"]) if "low" in heads else median
        high = median + _softplus(heads["high"]) if "high" in heads else median
        return DemandAnswer(probability, mean, *(_pieces(logs, self._most_log_mean) for logs in (low, median, high)))


def demand_layers(hidden: tuple[int, ...], heads: tuple[Head, ...]) -> tuple[Layer, ...]:
    """Hidden layers with relu, then one linear unit for each head."""
    return (*(Layer(units, "relu") for units in hidden), Layer(len(heads), "linear"))


def _whole_blocks(rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The rows, and zeros up to a whole number of blocks, at least one."""
    count = max(-(-len(rows) // BLOCK), 1) * BLOCK
    if count == len(rows):
        return rows
    whole = np.zeros((count, *rows.shape[1:]))
    whole[: len(rows)] = rows
    return whole


def _softplus(value: Floats) -> Floats:
    return np.asarray(np.logaddexp(0, value), np.float32)


def _pieces(logs: Floats, most: float) -> Floats:
    """The members' mean on log(1 + pieces), as pieces."""
    return np.expm1(_hold(_mean_of_members(logs), 0, most))


# Of few rows, numpy's own `mean` and `clip` take ten times as long as what they do.
def _mean_of_members(values: Floats) -> Floats:
    summed: Floats = np.add.reduce(values, axis=0)
    return summed / np.float32(len(values))


def _hold(values: Floats, low: float, high: float) -> Floats:
    """Between both, in place."""
    np.maximum(values, np.float32(low), out=values)
    return np.minimum(values, np.float32(high), out=values)
