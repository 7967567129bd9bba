"""What the service and its training process say to each other. Nothing here imports TensorFlow."""

import msgspec

from ordercast.contracts.because import Because
from ordercast.contracts.demand_manifest import Publish, Question, QuestionRecord, Verdict
from ordercast.contracts.demand_settings import DemandSettings
from ordercast.contracts.model_manifest import Judgement, Metrics, Recipe
from ordercast.services.trainer.demand_recipes import DEMAND_SETTINGS
from ordercast.services.trainer.networks.fit import News


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
    publish: Publish = "always"


class DemandJob(msgspec.Struct, frozen=True):
    """The same for `demand`. `until` is a day since 1970-01-01: nothing from it on is used; all is used without.

    `serving` is the version that serves, to be judged beside.
    """

    training_id: str
    members: int
    epochs: int
    batch_size: int
    seed: int
    horizon_days: int
    until: int | None
    publish: Publish
    serving: str | None
    artifacts_dir: str
    threads: int
    recipe: DemandSettings = DEMAND_SETTINGS

    @property
    def settings(self) -> DemandSettings:
        """The recipe with what was asked in place of its values."""
        return msgspec.structs.replace(
            self.recipe,
            members=self.members,
            epochs=self.epochs,
            batch_size=self.batch_size,
            horizon_days=self.horizon_days,
        )


class Made(msgspec.Struct, frozen=True):
    """What came out of a training, whether or not it is kept: by it a training is found to be the same as another one.

    `digest` and `rows` are of the data, `files` the SHA-256 of those that hold what was learned, `libraries` with what.
    """

    digest: str
    rows: int
    files: dict[str, str]
    libraries: dict[str, str]


class TrainedModel(msgspec.Struct, frozen=True, tag="trained"):
    """A version is whole on disk, under its name; one that is not published is not to stay there."""

    version: str
    manifest_sha256: str
    metrics: Metrics
    judgement: Judgement
    made: Made
    verdict: Verdict = "published"
    reason: str = ""


class TrainedDemand(msgspec.Struct, frozen=True, tag="trained demand"):
    """`verdict` and its reason, also as data; one that is not published is not on disk and has no version. `questions`: what each
    is worth."""

    verdict: Verdict
    reason: str
    version: str | None
    manifest_sha256: str | None
    questions: dict[Question, QuestionRecord]
    made: Made
    because: Because | None = None


class TrainingFailed(msgspec.Struct, frozen=True, tag="failed"):
    """`permanent`: the same rows and recipe would fail in the same way again."""

    reason: str
    permanent: bool
    because: Because | None = None


Message = News | TrainedModel | TrainedDemand | TrainingFailed
