"""Everything that order_api refuses or cannot do, in one tree: permanent apart from transient."""

from collections.abc import Mapping

from ordercast.services.shared.http.token_buckets import rate_limit_headers


class OrderApiError(Exception):
    """The tree's root. `fields` names the failing fields of the request: field -> message."""

    def __init__(self, message: str, *, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.fields = dict(fields or {})


class Permanent(OrderApiError):
    """The same request fails again."""


class Transient(OrderApiError):
    """The same request may pass later."""


class UnknownEventTypes(Permanent):
    """The feed has no events of such a type."""


class InvalidEventId(Permanent):
    """A Last-Event-ID that the feed has not given, or not for what is asked."""


class EventsGone(Permanent):
    """Kafka no longer has the events after a Last-Event-ID."""


class TooManyStreams(Transient):
    """The account, or all together, have as many streams of events open as they may."""


class UnknownAccount(Permanent):
    """The token is good, but its account is not in this database."""


class AccountTaken(Permanent):
    """Email or nickname belong to another account."""


class AccountNotFound(Permanent):
    """There is no account with this id."""


class AccountChanged(Permanent):
    """The account is no longer as whoever changes it has seen it."""


class AccountBlocked(Permanent):
    """An admin has blocked the account."""


class NoLongerAdmin(Permanent):
    """The caller was an admin when the token was given, and is none now."""


class LastAdmin(Permanent):
    """Without this admin nobody could do what admins do."""


class AccountErased(Permanent):
    """Nothing says any more whose the account was, and nothing of it changes."""


class CannotLogIn(Permanent):
    """The account has no password."""


class WeakPassword(Permanent):
    """A new password is too short, or easily guessed."""


class FailedLogIn(Permanent):
    """Somebody could not show that the account is theirs; so many may fail in a minute."""


class WrongPassword(FailedLogIn):
    """The password that is to be changed is another one."""


class InvalidCredentials(FailedLogIn):
    """Email or password are wrong; which one, nobody is told."""


class InvalidResetCode(FailedLogIn):
    """The code is not the one that the account's password can be reset with."""


class InvalidRefreshToken(Permanent):
    """The refresh token is unknown, expired, used before, or its family has ended."""


class TokenEnded(Permanent):
    """The access token has ended before its time, which this process had not learned yet."""


class ApiKeyNotFound(Permanent):
    """There is no API key with this id, or it is another's."""


class ApiKeyEnded(Permanent):
    """The API key was revoked, or its time is over."""


class ScopeNotAllowed(Permanent):
    """Nothing that a scope is for may be done by the account's role."""


class TooManyApiKeys(Permanent):
    """The account has as many good keys as one may have."""


class ProductNotFound(Permanent):
    """There is no product with this id."""


class ProductChanged(Permanent):
    """The product is no longer as whoever changes it has seen it."""


class SkuTaken(Permanent):
    """The SKU belongs to another product."""


class ReviewNotFound(Permanent):
    """There is no such review of this product."""


class NotYourReview(Permanent):
    """Somebody else wrote the review."""


class NotOrdered(Permanent):
    """Only who ordered a product may review it."""


class AlreadyReviewed(Permanent):
    """An account reviews a product once."""


class InvalidPeriod(Permanent):
    """The days asked for are the wrong way round, or too many."""


class UnknownProduct(Permanent):
    """A product is named that does not exist."""


class InactiveProduct(Permanent):
    """A product is named that is not sold at present."""


class MixedCurrencies(Permanent):
    """An order's products have more than one currency."""


class NotAllowed(Permanent):
    """The role may not do this."""


class InvalidCursor(Permanent):
    """A cursor that is none of ours, or of another database."""


class OrderNotFound(Permanent):
    """There is no such order, or it is another's."""


class OrderNotPending(Permanent):
    """The order was confirmed or cancelled before."""


class UnknownLine(Permanent):
    """An order has no line with this number."""


class CancelledTooMuch(Permanent):
    """Less is left of an order's line than is to be cancelled."""


class InvalidKey(Permanent):
    """The Idempotency-Key is empty, too long or not printable."""


class KeyReused(Permanent):
    """The Idempotency-Key came with another body in the last 24 hours."""


class KeyInFlight(Transient):
    """The request with this Idempotency-Key is being worked on."""


class EventTimeRefused(Permanent):
    """An event cannot have happened at this time."""


class TooManyInOneView(Permanent):
    """A customer's view counts more than one may."""


class TooMany(Transient):
    """Somebody has done something as often as is allowed in a minute. `retry_after_s`: when it may be done again (s).

    `headers` say the same to programs.
    """

    policy: str

    def __init__(self, message: str, *, retry_after_s: int, quota: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.headers = rate_limit_headers(self.policy, quota, 0, retry_after_s)


class TooManyViews(TooMany):
    """An account has added as many views as it may in this time."""

    policy = "views"


class TooManyLines(TooMany):
    """An account has sent as many lines of views as it may in this time."""

    policy = "view-lines"


class TooManyLogIns(TooMany):
    """Too many log-ins have failed."""

    policy = "failed-log-ins"


class LogInsTooFrequent(TooMany):
    """Somebody has logged in as often as one may in this time."""

    policy = "log-ins"


class BatchTooLong(Permanent):
    """A batch has more lines than one request may bring."""


class BatchIncomplete(Transient):
    """Kafka went away in the middle of a batch. `members` name the lines that count, and those of which nobody knows."""

    def __init__(self, message: str, *, members: Mapping[str, object]) -> None:
        super().__init__(message)
        self.members = members


class UnknownEncoding(Permanent):
    """The body came in an encoding that is not read."""


class NotNdjson(Permanent):
    """The body as a whole is something else than NDJSON, or damaged."""


class BodyTooLong(Permanent):
    """Unpacked, the body is longer than one request may bring."""


class Overtaken(Transient):
    """Somebody else writes the same orders at the same moment."""


class NoRoomForReport(Permanent):
    """The lines that are refused cannot be kept until the answer."""


class Overloaded(Transient):
    """Too many requests wait already."""


class PartitionsChanged(Permanent):
    """The number of partitions is not the one that this system was made with."""


class UnknownDeadLetter(Permanent):
    """No refused event of the outbox waits under this id."""


class DeadLetterNotFound(Permanent):
    """There is no such dead letter of the worker, or it is too old to be looked into here."""


class DeadLetterNotWaiting(Permanent):
    """Something became of it already, or it does not hold the whole record."""


class RefusedAgain(Permanent):
    """The worker would refuse the record once more."""


class TooManyDeadLetters(Permanent):
    """Kafka refuses so many events of a shard that the topic must be wrong, not they."""


class LeaseLost(Transient):
    """Another relay publishes this shard now."""


class OutboxGap(Permanent):
    """A number is missing in the outbox: an event is lost."""


class PositionMoved(Transient):
    """Another relay has noted deliveries of this partition meanwhile."""


class AddressRefused(Permanent):
    """A webhook's host has an address that nothing is sent to."""


class WebhookUrlRefused(Permanent):
    """Nothing is sent to a URL like this."""


class WebhookNotFound(Permanent):
    """There is no webhook with this id."""


class DeliveryNotFound(Permanent):
    """The webhook has no delivery with this id, or no longer."""


class TooManyWebhooks(Permanent):
    """There are as many webhooks as there may be."""
