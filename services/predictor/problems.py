"""What each error of the predictor looks like to a client: the one table."""

from typing import Final

from ordercast.services.predictor import errors
from ordercast.services.shared.http.problem import ProblemTable, ProblemType

PROBLEMS: Final[ProblemTable] = {
    errors.ModelRefused: ProblemType("model-refused", 409, "The model version is damaged"),
    errors.UnknownModel: ProblemType("unknown-model", 404, "There is no such model version"),
    # Five seconds: a first training takes longer, but a predictor that has just started loads within one.
    errors.NoModel: ProblemType("no-model", 503, "No model is served yet", retry_after=5),
    errors.NotYours: ProblemType("account-not-found", 404, "There is no such account"),
    errors.ProductNotFound: ProblemType("product-not-found", 404, "There is no such product"),
    errors.InvalidQuestion: ProblemType("invalid-question", 422, "The question cannot be answered"),
    errors.ActivityNotRead: ProblemType("activity-not-read", 503, "The activity was not read yet", retry_after=2),
    errors.TooManyPastDates: ProblemType(
        "too-many-past-dates", 429, "Too many questions about the past", retry_after=60
    ),
    errors.TooManyBatches: ProblemType("too-many-batches", 503, "Too many batches wait", retry_after=1),
    errors.NoFeatures: ProblemType("features-not-found", 404, "There is no feature row"),
}
