"""What is answered about models, predictions and trainings."""

from typing import Final

from ordercast.services.shared.problem_types.problem_type import ProblemType

MODEL_REFUSED: Final = ProblemType(
    "model-refused",
    409,
    "The model version is damaged",
    "The version's folder is missing, damaged or not what its record says. The model that was served before is still served.",
    "Restore the folder from a backup, or choose another version; `GET /models` lists them.",
)
UNKNOWN_MODEL: Final = ProblemType(
    "unknown-model",
    404,
    "There is no such model version",
    "No version of this name was published.",
    "`GET /models` lists the versions.",
)
# Five seconds: a first training takes longer, but a predictor that has just started loads within one.
NO_MODEL: Final = ProblemType(
    "no-model",
    503,
    "No model is served yet",
    "No model of this recipe was published yet, or none could be loaded.",
    "Train one with `POST /trainings`, or wait until the one that is being loaded is there.",
    retry_after=5,
)
INVALID_QUESTION: Final = ProblemType(
    "invalid-question",
    422,
    "The question cannot be answered",
    "The horizon is not one that is served, the moment lies in the future, or the recipe has no such question.",
    "Correct what `detail` or `errors` names; `GET /models/current` says what is served.",
)
ACTIVITY_NOT_READ: Final = ProblemType(
    "activity-not-read",
    503,
    "The activity was not read yet",
    "The predictor has just started and has not read the activity that the features are made of.",
    "Try again after `Retry-After`.",
    retry_after=2,
)
TOO_MANY_PAST_DATES: Final = ProblemType(
    "too-many-past-dates",
    429,
    "Too many questions about the past",
    "A customer has asked with `as_of` as often as is allowed in a minute.",
    "Wait as many seconds as `Retry-After` says, or ask without `as_of`.",
    retry_after=60,
)
TOO_MANY_BATCHES: Final = ProblemType(
    "too-many-batches",
    503,
    "Too many batches wait",
    "So many batches wait to be computed that one more would wait for too long.",
    "Try again after `Retry-After`, with fewer batches at once. If it goes on, its keeper has to start more predictors.",
    retry_after=1,
)
FEATURES_NOT_FOUND: Final = ProblemType(
    "features-not-found",
    404,
    "There is no feature row",
    "The account has neither seen nor ordered the product, or the worker has not read it yet.",
    "Ask again once something has happened, or for a prediction by count of views with `GET /predictions`.",
)
TRAINING_TOO_LARGE: Final = ProblemType(
    "training-too-large",
    422,
    "The training is too large",
    "Members, epochs and rows multiply to more work than one training may be.",
    "Ask for fewer members or epochs; `detail` has the figures.",
)
TRAINING_QUEUE_FULL: Final = ProblemType(
    "training-queue-full",
    503,
    "Too many trainings wait",
    "As many trainings wait as may.",
    "Wait until one has ended, or cancel one with `DELETE /trainings/{training_id}`.",
    retry_after=60,
)
TRAINING_NOT_FOUND: Final = ProblemType(
    "training-not-found",
    404,
    "There is no such training",
    "No training has this id.",
    "`GET /trainings` lists them.",
)
TRAINING_FINISHED: Final = ProblemType(
    "training-finished",
    409,
    "The training has ended",
    "The training has ended, so it cannot be cancelled any more.",
    "Nothing has to be done; `GET /trainings/{training_id}` says how it ended.",
)
