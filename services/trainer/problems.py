"""What each error of the trainer looks like to a client: the one table."""

from typing import Final

from ordercast.services.shared.http.problem import ProblemTable
from ordercast.services.shared.problem_types import predictions
from ordercast.services.shared.problem_types.every_service import INVALID_REQUEST
from ordercast.services.trainer import errors

PROBLEMS: Final[ProblemTable] = {
    errors.BadRecipe: INVALID_REQUEST,
    errors.TrainingTooLarge: predictions.TRAINING_TOO_LARGE,
    errors.QueueFull: predictions.TRAINING_QUEUE_FULL,
    errors.UnknownTraining: predictions.TRAINING_NOT_FOUND,
    errors.TrainingFinished: predictions.TRAINING_FINISHED,
}
