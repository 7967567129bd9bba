"""What each error of the predictor looks like to a client: the one table."""

from typing import Final

from ordercast.services.predictor import errors
from ordercast.services.shared.http.problem import ProblemTable
from ordercast.services.shared.problem_types import accounts, predictions, products

PROBLEMS: Final[ProblemTable] = {
    errors.ModelRefused: predictions.MODEL_REFUSED,
    errors.UnknownModel: predictions.UNKNOWN_MODEL,
    errors.NoModel: predictions.NO_MODEL,
    errors.NotYours: accounts.ACCOUNT_NOT_FOUND,
    errors.ProductNotFound: products.PRODUCT_NOT_FOUND,
    errors.InvalidQuestion: predictions.INVALID_QUESTION,
    errors.ActivityNotRead: predictions.ACTIVITY_NOT_READ,
    errors.TooManyPastDates: predictions.TOO_MANY_PAST_DATES,
    errors.TooManyBatches: predictions.TOO_MANY_BATCHES,
    errors.NoFeatures: predictions.FEATURES_NOT_FOUND,
}
