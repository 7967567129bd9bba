"""What each error of the trainer looks like to a client: the one table."""

from typing import Final

from ordercast.services.shared.http.problem import INVALID_REQUEST, ProblemTable, ProblemType
from ordercast.services.trainer import errors

PROBLEMS: Final[ProblemTable] = {
    errors.BadRecipe: INVALID_REQUEST,
    errors.TrainingTooLarge: ProblemType("training-too-large", 422, "The training is too large"),
    errors.QueueFull: ProblemType("training-queue-full", 503, "Too many trainings wait", retry_after=60),
    errors.UnknownTraining: ProblemType("training-not-found", 404, "There is no such training"),
    errors.TrainingFinished: ProblemType("training-finished", 409, "The training has ended"),
}
