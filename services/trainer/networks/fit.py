"""What goes into the fit of an ensemble, what it tells of each epoch, and what comes out. Nothing here imports TensorFlow."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from ordercast.contracts.ensemble_forward import Floats
from ordercast.contracts.model_manifest import Recipe

# A network answers one constant where its answers differ by less than this share of them, or of a piece.
COLLAPSED_SHARE: Final = 1e-3


@dataclass(frozen=True, slots=True)
class EnsembleFit:
    """What to fit to which rows: inputs (n,) already scaled, targets (n,).

    The first `learned` rows are learned from, the rest is watched. Whether a network answers one constant is seen by its answers to
    `probes`, as inputs; without any, to the watched rows.
    """

    recipe: Recipe
    seed: int
    inputs: Floats
    targets: Floats
    learned: int
    probes: Floats | None = None

    @property
    def probed(self) -> Floats:
        return self.inputs[self.learned :] if self.probes is None else self.probes


class EpochLosses(msgspec.Struct, frozen=True, tag="epoch"):
    """Mean squared error of each member after `epoch` (from 1): `loss` as it learned, `val_loss` on the watched rows.

    None stands for a number that is not finite: JSON has no such number. `constant`: whether the member answers one constant by
    then; empty where nobody looked.
    """

    epoch: int
    loss: tuple[float | None, ...]
    val_loss: tuple[float | None, ...]
    constant: tuple[bool, ...] = ()


class NetworksLooked(msgspec.Struct, frozen=True, tag="networks"):
    """Which networks of a question answer one constant after `epoch`, whatever is asked. Members count from 0.

    `demand` trains these again from another start, `attempts` times at most: `trained_again` are those that were, and `attempt`
    says which time begins; 0: none.
    """

    question: str
    epoch: int
    collapsed: tuple[int, ...]
    trained_again: tuple[int, ...] = ()
    attempt: int = 0
    attempts: int = 0


# What is heard of a training under way.
News = EpochLosses | NetworksLooked
OnNews = Callable[[News], None]


@dataclass(frozen=True, slots=True)
class TrainedEnsemble:
    """The arrays of weights.safetensors, and each member's losses after the last epoch (see EpochLosses).

    Of the whole ensemble, or of some members of it.
    """

    arrays: dict[str, Floats]
    loss: tuple[float, ...]
    val_loss: tuple[float, ...]


def answer_constants(answers: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
    """Of answers [members, probes], which members answer one constant. What is no finite number is none."""
    with np.errstate(over="ignore", invalid="ignore"):
        least = COLLAPSED_SHARE * np.maximum(np.abs(answers).mean(axis=1), 1.0)
        constant: npt.NDArray[np.bool_] = np.ptp(answers, axis=1) < least
    return constant
