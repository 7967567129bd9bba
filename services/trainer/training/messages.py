"""What the service and its training process say to each other. Nothing here imports TensorFlow."""

import msgspec

from ordercast.contracts.model_manifest import Judgement, Metrics, Recipe
from ordercast.services.trainer.networks.fit import EpochLosses


class TrainingJob(msgspec.Struct, frozen=True):
    """What to train, beside the rows. `threads` is how many cores TensorFlow may use.

    With `dask_scheduler` (tcp://host:port) the members are fitted by that cluster's workers, on the cores that those have.
    """

    training_id: str
    recipe: Recipe
    seed: int
    artifacts_dir: str
    threads: int
    dask_scheduler: str | None = None


class TrainedModel(msgspec.Struct, frozen=True, tag="trained"):
    """A version is whole on disk, under its name."""

    version: str
    manifest_sha256: str
    metrics: Metrics
    judgement: Judgement


class TrainingFailed(msgspec.Struct, frozen=True, tag="failed"):
    """`permanent`: the same rows and recipe would fail in the same way again."""

    reason: str
    permanent: bool


Message = EpochLosses | TrainedModel | TrainingFailed
