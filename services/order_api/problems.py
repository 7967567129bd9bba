"""What each error of order_api looks like to a client: the one table."""

from typing import Final

from ordercast.services.order_api import errors
from ordercast.services.shared.http.problem import ProblemTable
from ordercast.services.shared.kafka.errors import BrokerUnavailable, RecordRefused
from ordercast.services.shared.problem_types import accounts, dead_letters, orders, products, views, webhooks
from ordercast.services.shared.problem_types.every_service import CONTENT_TOO_LARGE, FORBIDDEN, NOT_AUTHENTICATED

PROBLEMS: Final[ProblemTable] = {
    # accounts
    errors.UnknownAccount: accounts.UNKNOWN_ACCOUNT,
    errors.AccountTaken: accounts.ACCOUNT_TAKEN,
    errors.AccountNotFound: accounts.ACCOUNT_NOT_FOUND,
    errors.AccountChanged: accounts.ACCOUNT_CHANGED,
    errors.AccountBlocked: accounts.ACCOUNT_BLOCKED,
    errors.NoLongerAdmin: FORBIDDEN,
    errors.LastAdmin: accounts.LAST_ADMIN,
    errors.AccountErased: accounts.ACCOUNT_ERASED,
    errors.CannotLogIn: accounts.ACCOUNT_WITHOUT_LOGIN,
    errors.WeakPassword: accounts.WEAK_PASSWORD,
    errors.WrongPassword: accounts.WRONG_PASSWORD,
    errors.InvalidCredentials: accounts.INVALID_CREDENTIALS,
    errors.InvalidResetCode: accounts.INVALID_RESET_CODE,
    errors.TooManyLogIns: accounts.TOO_MANY_LOG_INS,
    errors.LogInsTooFrequent: accounts.LOG_INS_TOO_FREQUENT,
    errors.InvalidRefreshToken: accounts.INVALID_REFRESH_TOKEN,
    errors.TokenEnded: NOT_AUTHENTICATED,
    errors.ApiKeyNotFound: accounts.API_KEY_NOT_FOUND,
    errors.ApiKeyEnded: accounts.API_KEY_ENDED,
    errors.ScopeNotAllowed: accounts.SCOPE_NOT_ALLOWED,
    errors.TooManyApiKeys: accounts.TOO_MANY_API_KEYS,
    # products and what is said of them
    errors.ProductNotFound: products.PRODUCT_NOT_FOUND,
    errors.ProductChanged: products.PRODUCT_CHANGED,
    errors.SkuTaken: products.SKU_TAKEN,
    errors.ReviewNotFound: products.REVIEW_NOT_FOUND,
    errors.NotYourReview: products.NOT_YOUR_REVIEW,
    errors.NotOrdered: products.NOT_ORDERED,
    errors.AlreadyReviewed: products.ALREADY_REVIEWED,
    errors.InvalidPeriod: products.INVALID_PERIOD,
    # orders
    errors.UnknownProduct: orders.UNKNOWN_PRODUCT,
    errors.InactiveProduct: orders.INACTIVE_PRODUCT,
    errors.MixedCurrencies: orders.MIXED_CURRENCIES,
    errors.NotAllowed: FORBIDDEN,
    errors.InvalidCursor: orders.INVALID_CURSOR,
    errors.OrderNotFound: orders.ORDER_NOT_FOUND,
    errors.OrderNotPending: orders.ORDER_NOT_PENDING,
    errors.UnknownLine: orders.UNKNOWN_LINE,
    errors.CancelledTooMuch: orders.CANCELLED_TOO_MUCH,
    errors.InvalidKey: orders.INVALID_IDEMPOTENCY_KEY,
    errors.KeyReused: orders.IDEMPOTENCY_KEY_REUSED,
    errors.KeyInFlight: orders.IDEMPOTENCY_KEY_IN_FLIGHT,
    errors.Overloaded: orders.OVERLOADED,
    # views
    errors.EventTimeRefused: views.EVENT_TIME_REFUSED,
    errors.TooManyInOneView: views.VIEW_COUNT_TOO_LARGE,
    # The error says how long; at most a minute.
    errors.TooManyViews: views.TOO_MANY_VIEWS,
    errors.TooManyLines: views.TOO_MANY_VIEW_LINES,
    errors.BatchIncomplete: views.BATCH_INCOMPLETE,
    errors.BatchTooLong: views.BATCH_TOO_LONG,
    # the feed of events
    errors.UnknownEventTypes: views.UNKNOWN_EVENT_TYPE,
    errors.InvalidEventId: views.INVALID_EVENT_ID,
    errors.EventsGone: views.EVENTS_GONE,
    errors.TooManyStreams: views.TOO_MANY_EVENT_STREAMS,
    # webhooks
    errors.WebhookNotFound: webhooks.WEBHOOK_NOT_FOUND,
    errors.DeliveryNotFound: webhooks.DELIVERY_NOT_FOUND,
    errors.WebhookUrlRefused: webhooks.WEBHOOK_URL_REFUSED,
    errors.TooManyWebhooks: webhooks.TOO_MANY_WEBHOOKS,
    # what the worker refused
    errors.DeadLetterNotFound: dead_letters.DEAD_LETTER_NOT_FOUND,
    errors.DeadLetterNotWaiting: dead_letters.DEAD_LETTER_NOT_WAITING,
    errors.RefusedAgain: dead_letters.REFUSED_AGAIN,
    # bodies of many lines
    errors.UnknownEncoding: orders.UNSUPPORTED_ENCODING,
    errors.NotNdjson: orders.NOT_NDJSON,
    errors.BodyTooLong: CONTENT_TOO_LARGE,
    errors.Overtaken: orders.OVERTAKEN,
    errors.NoRoomForReport: orders.NO_ROOM_FOR_THE_REPORT,
    # infrastructure
    BrokerUnavailable: orders.KAFKA_UNAVAILABLE,
    RecordRefused: orders.EVENT_REFUSED,
}
