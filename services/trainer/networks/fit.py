"""What goes into the fit of an ensemble, what it tells of each epoch, and what comes out. Nothing here imports TensorFlow."""

from dataclasses import dataclass

import msgspec

from ordercast.contracts.ensemble_forward import Floats
from ordercast.contracts.model_manifest import Recipe


@dataclass(frozen=True, slots=True)
class EnsembleFit:
    """What to fit to which rows: inputs (n,) already scaled, targets (n,).

    The first `learned` rows are learned from, the rest is watched.
    """

    recipe: Recipe
    seed: int
    inputs: Floats
    targets: Floats
    learned: int


class EpochLosses(msgspec.Struct, frozen=True, tag="epoch"):
    """Mean squared error of each member after `epoch` (from 1): `loss` as it learned, `val_loss` on the watched rows.

    None stands for a number that is not finite: JSON has no such number.
    """

    epoch: int
    loss: tuple[float | None, ...]
    val_loss: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class TrainedEnsemble:
    """The arrays of weights.safetensors, and each member's losses after the last epoch (see EpochLosses).

    Of the whole ensemble, or of some members of it.
    """

    arrays: dict[str, Floats]
    loss: tuple[float, ...]
    val_loss: tuple[float, ...]
