"""Everything that the predictor refuses or cannot do, in one tree."""

from collections.abc import Mapping


class PredictorError(Exception):
    """The tree's root. `fields` names the failing fields of the request: field -> message."""

    def __init__(self, message: str, *, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.fields = dict(fields or {})


class ModelRefused(PredictorError):
    """Permanent: a version's folder is missing, damaged or not what the record says; the message is the reason."""


class UnknownModel(PredictorError):
    """Permanent: no such version was published."""


class NoModel(PredictorError):
    """Transient: no model was published yet, or none could be loaded, so there is nothing to answer with."""


class NotYours(PredictorError):
    """Permanent: an account is named that is not the caller's, whether it exists or not."""


class NoFeatures(PredictorError):
    """Permanent until something happens: the account has neither seen nor ordered the product."""


class ProductNotFound(PredictorError):
    """Permanent: there is no such product."""


class InvalidQuestion(PredictorError):
    """Permanent: the horizon is not what is served, the moment lies in the future, or the recipe has no such question."""


class ActivityNotRead(PredictorError):
    """Transient: the activity that the features are made of was not read yet."""
