"""Why a training does not give a model: one tree, permanent and transient apart."""

from ordercast.contracts.because import Because


class TrainerError(Exception):
    """The base of the tree; its message is fit for whoever asked for the training, and `because` the same as data, if it is."""

    def __init__(self, message: str = "", because: Because | None = None) -> None:
        super().__init__(message)
        self.because = because


class PermanentError(TrainerError):
    """The same rows and recipe would fail in the same way again: the training fails at once."""


class TransientError(TrainerError):
    """Another attempt may succeed: the training goes back into the queue."""


class BadRecipe(PermanentError):
    """The recipe is unknown or a value in its place is out of bounds; `fields` names which."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.fields = {field: message}


class UnusableTrainingSet(PermanentError):
    """The rows cannot teach a model anything: none, too few, not numbers, or all alike."""


class ModelRefused(PermanentError):
    """The trained model did not pass the gate and is not published."""


class WorkerBehind(PermanentError):
    """The feature worker counts nothing any more, so that what was ordered cannot be learned from."""


class TrainingProcessDied(TransientError):
    """The child process ended without a word: killed, or out of memory."""


class ClusterFailed(TransientError):
    """The Dask cluster cannot be reached, has no workers, or lost the training."""


class OtherVersions(PermanentError):
    """A Dask worker runs other versions than the trainer: it would train other networks."""


class TrainingTooLarge(PermanentError):
    """Members, epochs and rows multiply to more work than one training may be."""


class QueueFull(TransientError):
    """As many trainings wait as may."""


class UnknownTraining(PermanentError):
    """There is no such training."""


class TrainingFinished(PermanentError):
    """The training has ended; it cannot be cancelled any more."""
