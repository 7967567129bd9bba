"""What each error of order_api looks like to a client: the one table."""

from typing import Final

from ordercast.services.order_api import errors
from ordercast.services.shared.http.problem import (
    CONTENT_TOO_LARGE,
    FORBIDDEN,
    NOT_AUTHENTICATED,
    ProblemTable,
    ProblemType,
)
from ordercast.services.shared.kafka.errors import BrokerUnavailable, RecordRefused

PROBLEMS: Final[ProblemTable] = {
    # accounts
    errors.UnknownAccount: ProblemType("unknown-account", 401, "The account does not exist"),
    errors.AccountTaken: ProblemType("account-taken", 409, "Email or nickname are taken"),
    errors.AccountNotFound: ProblemType("account-not-found", 404, "There is no such account"),
    errors.AccountBlocked: ProblemType("account-blocked", 403, "The account is blocked"),
    errors.NoLongerAdmin: FORBIDDEN,
    errors.LastAdmin: ProblemType("last-admin", 409, "An admin has to be left"),
    errors.AccountErased: ProblemType("account-erased", 409, "The account was erased"),
    errors.CannotLogIn: ProblemType("account-without-login", 409, "The account cannot log in"),
    errors.WeakPassword: ProblemType("weak-password", 422, "The new password is too weak"),
    errors.WrongPassword: ProblemType("wrong-password", 422, "The password is wrong"),
    errors.InvalidCredentials: ProblemType("invalid-credentials", 401, "The log-in failed"),
    errors.InvalidResetCode: ProblemType("invalid-reset-code", 422, "The code is not valid"),
    errors.TooManyLogIns: ProblemType("too-many-log-ins", 429, "Too many log-ins have failed", retry_after=60),
    errors.LogInsTooFrequent: ProblemType("log-ins-too-frequent", 429, "The account logs in too often", retry_after=60),
    errors.InvalidRefreshToken: ProblemType("invalid-refresh-token", 401, "The refresh token is not valid"),
    errors.TokenEnded: NOT_AUTHENTICATED,
    errors.ApiKeyNotFound: ProblemType("api-key-not-found", 404, "There is no such API key"),
    errors.ApiKeyEnded: ProblemType("api-key-ended", 409, "The API key is good no more"),
    errors.ScopeNotAllowed: ProblemType("scope-not-allowed", 422, "The account may do nothing with this scope"),
    errors.TooManyApiKeys: ProblemType("too-many-api-keys", 409, "The account has too many API keys"),
    # products and what is said of them
    errors.ProductNotFound: ProblemType("product-not-found", 404, "There is no such product"),
    errors.SkuTaken: ProblemType("sku-taken", 409, "The SKU is taken"),
    errors.ReviewNotFound: ProblemType("review-not-found", 404, "There is no such review"),
    errors.NotYourReview: ProblemType("not-your-review", 403, "The review is another's"),
    errors.NotOrdered: ProblemType("not-ordered", 403, "Only who ordered a product may review it"),
    errors.AlreadyReviewed: ProblemType("already-reviewed", 409, "The product was reviewed before"),
    errors.InvalidPeriod: ProblemType("invalid-period", 422, "The period is not valid"),
    # orders
    errors.UnknownProduct: ProblemType("unknown-product", 422, "A product does not exist"),
    errors.InactiveProduct: ProblemType("inactive-product", 422, "A product is not sold at present"),
    errors.MixedCurrencies: ProblemType("mixed-currencies", 422, "An order has one currency"),
    errors.NotAllowed: FORBIDDEN,
    errors.InvalidCursor: ProblemType("invalid-cursor", 422, "The cursor is not valid"),
    errors.OrderNotFound: ProblemType("order-not-found", 404, "There is no such order"),
    errors.OrderNotPending: ProblemType("order-not-pending", 409, "The order can no longer be changed"),
    errors.UnknownLine: ProblemType("unknown-line", 422, "The order has no such line"),
    errors.CancelledTooMuch: ProblemType("cancelled-too-much", 409, "Less is left than is to be cancelled"),
    errors.InvalidKey: ProblemType("invalid-idempotency-key", 422, "The Idempotency-Key is not valid"),
    errors.KeyReused: ProblemType("idempotency-key-reused", 422, "The Idempotency-Key was used with another body"),
    errors.KeyInFlight: ProblemType(
        "idempotency-key-in-flight", 409, "The first request is still running", retry_after=1
    ),
    errors.Overloaded: ProblemType("overloaded", 503, "Too many requests wait", retry_after=1),
    # views
    errors.EventTimeRefused: ProblemType("event-time-refused", 422, "An event cannot have happened then"),
    errors.TooManyInOneView: ProblemType("view-count-too-large", 422, "A customer's view counts less"),
    # The error says how long; at most a minute.
    errors.TooManyViews: ProblemType("too-many-views", 429, "Too many views", retry_after=60),
    errors.TooManyLines: ProblemType("too-many-view-lines", 429, "Too many lines of views", retry_after=60),
    errors.BatchIncomplete: ProblemType(
        "batch-incomplete", 503, "Only a part of the batch counts so far", retry_after=1
    ),
    errors.BatchTooLong: ProblemType("batch-too-long", 413, "The batch has too many lines"),
    # the feed of events
    errors.UnknownEventTypes: ProblemType("unknown-event-type", 400, "There is no such event type"),
    errors.InvalidEventId: ProblemType("invalid-event-id", 400, "The Last-Event-ID is not valid"),
    errors.EventsGone: ProblemType("events-gone", 410, "The events after the Last-Event-ID are gone"),
    errors.TooManyStreams: ProblemType("too-many-event-streams", 429, "Too many streams of events", retry_after=5),
    # bodies of many lines
    errors.UnknownEncoding: ProblemType("unsupported-encoding", 415, "The body's encoding is not accepted here"),
    errors.NotNdjson: ProblemType("not-ndjson", 422, "The body is no NDJSON"),
    errors.BodyTooLong: CONTENT_TOO_LARGE,
    errors.Overtaken: ProblemType("overtaken", 503, "Others write the same orders", retry_after=1),
    errors.NoRoomForReport: ProblemType("no-room-for-the-report", 507, "The server cannot keep what it would report"),
    # infrastructure
    BrokerUnavailable: ProblemType("kafka-unavailable", 503, "Kafka takes no events at present", retry_after=1),
    RecordRefused: ProblemType("event-refused", 422, "Kafka does not take the event"),
}
