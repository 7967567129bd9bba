"""What is answered about orders, and about bodies of many lines."""

from typing import Final

from ordercast.services.shared.problem_types.problem_type import ProblemType

UNKNOWN_PRODUCT: Final = ProblemType(
    "unknown-product",
    422,
    "A product does not exist",
    "The request names a product that is not there. Nothing of it counts.",
    "Correct the fields that `errors` names; `GET /products` lists all products.",
)
INACTIVE_PRODUCT: Final = ProblemType(
    "inactive-product",
    422,
    "A product is not sold at present",
    "The request names a product that is not active. Nothing of it counts.",
    "Leave out the products that `errors` names.",
)
MIXED_CURRENCIES: Final = ProblemType(
    "mixed-currencies",
    422,
    "An order has one currency",
    "The products of the order are sold in more than one currency.",
    "Place an order for each currency.",
)
INVALID_CURSOR: Final = ProblemType(
    "invalid-cursor",
    422,
    "The cursor is not valid",
    "The cursor is none that this service has given, or is one of another list.",
    "Begin without a cursor, and send `next_cursor` of a page as it came.",
)
ORDER_NOT_FOUND: Final = ProblemType(
    "order-not-found",
    404,
    "There is no such order",
    "No order has this id, or it is another's: which of both, nobody is told.",
    "`GET /orders` lists the orders that you may see.",
)
ORDER_NOT_PENDING: Final = ProblemType(
    "order-not-pending",
    409,
    "The order can no longer be changed",
    "The order was confirmed or cancelled before.",
    "Look at it with `GET /orders/{order_id}`: it may already be as it should be.",
)
UNKNOWN_LINE: Final = ProblemType(
    "unknown-line",
    422,
    "The order has no such line",
    "A line is to be cancelled whose number the order does not have.",
    "Use the numbers of the lines that `GET /orders/{order_id}` shows.",
)
CANCELLED_TOO_MUCH: Final = ProblemType(
    "cancelled-too-much",
    409,
    "Less is left than is to be cancelled",
    "More of a line is to be cancelled than is left of it. Nothing was cancelled.",
    "Look at what is left with `GET /orders/{order_id}`: an earlier request may have cancelled it.",
)
INVALID_IDEMPOTENCY_KEY: Final = ProblemType(
    "invalid-idempotency-key",
    422,
    "The Idempotency-Key is not valid",
    "The header `Idempotency-Key` is empty, too long or not printable.",
    "Send a UUID that is made once for each order or batch, and again with each repeat.",
)
IDEMPOTENCY_KEY_REUSED: Final = ProblemType(
    "idempotency-key-reused",
    422,
    "The Idempotency-Key was used with another body",
    "Within 24 hours the account has sent another body with this key. This one was not looked at.",
    "Send a new key with new content, and the same body with the same key.",
)
IDEMPOTENCY_KEY_IN_FLIGHT: Final = ProblemType(
    "idempotency-key-in-flight",
    409,
    "The first request is still running",
    "A request with this key is being worked on at this moment.",
    "Repeat it after `Retry-After`: the answer is then that of the first request.",
    retry_after=1,
)
OVERLOADED: Final = ProblemType(
    "overloaded",
    503,
    "Too many requests wait",
    "More requests wait than can be answered in time. This one was not begun.",
    "Repeat it after `Retry-After`, with the same `Idempotency-Key`.",
    retry_after=1,
)
UNSUPPORTED_ENCODING: Final = ProblemType(
    "unsupported-encoding",
    415,
    "The body's encoding is not accepted here",
    "The header `Content-Encoding` names one that is not read.",
    "Send the body packed with gzip, or as it is.",
)
NOT_NDJSON: Final = ProblemType(
    "not-ndjson",
    422,
    "The body is no NDJSON",
    "The body as a whole cannot be read as lines of JSON, or its packing is damaged.",
    "Send one JSON object on each line, with `Content-Type: application/x-ndjson`. `detail` says what came instead.",
)
OVERTAKEN: Final = ProblemType(
    "overtaken",
    503,
    "Others write the same orders",
    "Another import writes the same orders at the same moment.",
    "Repeat the import: lines that are there already count once.",
    retry_after=1,
)
NO_ROOM_FOR_THE_REPORT: Final = ProblemType(
    "no-room-for-the-report",
    507,
    "The server cannot keep what it would report",
    "So many lines were refused that there is no room for the reasons until the answer.",
    "Import fewer lines at once; lines that are there already count once. More room in the service's temporary folder helps, too.",
)
KAFKA_UNAVAILABLE: Final = ProblemType(
    "kafka-unavailable",
    503,
    "Kafka takes no events at present",
    "The event could not be handed to Kafka. Whether it counts is not known.",
    "Repeat the request after `Retry-After`; with an `Idempotency-Key` it counts once.",
    retry_after=1,
)
EVENT_REFUSED: Final = ProblemType(
    "event-refused",
    422,
    "Kafka does not take the event",
    "Kafka refuses the event for good, for example because it is too large for the topic. It does not count.",
    "Send less in one event; `detail` has Kafka's reason.",
)
