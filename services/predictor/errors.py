"""Everything that the predictor refuses or cannot do, in one tree."""

from collections.abc import Mapping

from ordercast.services.shared.http.token_buckets import rate_limit_headers


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


class TooManyPastDates(PredictorError):
    """Transient: a customer has asked as often as is allowed in a minute for what would have been answered in the past.

    `retry_after_s`: when more may be asked (s); `headers` say the same to programs.
    """

    def __init__(self, quota: int, retry_after_s: int) -> None:
        super().__init__(f"a customer may ask {quota} times a minute with as_of")
        self.retry_after_s = retry_after_s
        self.headers = rate_limit_headers("past-dates", quota, 0, retry_after_s)


class TooManyBatches(PredictorError):
    """Transient: so many batches wait to be computed that one more would wait for too long."""


class ActivityNotRead(PredictorError):
    """Transient: the activity that the features are made of was not read yet."""
