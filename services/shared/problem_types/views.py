"""What is answered about views, and by the feed of events."""

from typing import Final

from ordercast.services.shared.problem_types.problem_type import ProblemType

EVENT_TIME_REFUSED: Final = ProblemType(
    "event-time-refused",
    422,
    "An event cannot have happened then",
    "The time of the event lies in the future, or so far back that it cannot be meant.",
    "Send the moment in UTC at which it happened, and compare the sender's clock.",
)
VIEW_COUNT_TOO_LARGE: Final = ProblemType(
    "view-count-too-large",
    422,
    "A customer's view counts less",
    "One view of a customer is to count more often than it may.",
    "Send a view for each time. A shop's own backend, with the role SERVICE, may count more in one.",
)
TOO_MANY_VIEWS: Final = ProblemType(
    "too-many-views",
    429,
    "Too many views",
    "The account has added as many views as it may in a minute.",
    "Wait as many seconds as `Retry-After` says.",
    retry_after=60,
)
TOO_MANY_VIEW_LINES: Final = ProblemType(
    "too-many-view-lines",
    429,
    "Too many lines of views",
    "The account has sent as many lines of views as it may in a minute.",
    "Wait as many seconds as `Retry-After` says, and repeat the batch with the same `Idempotency-Key`.",
    retry_after=60,
)
BATCH_INCOMPLETE: Final = ProblemType(
    "batch-incomplete",
    503,
    "Only a part of the batch counts so far",
    "Kafka went away in the middle of the batch. The answer names the lines that count, and those of which it is not known.",
    "Repeat the same batch with the same `Idempotency-Key` after `Retry-After`: each line then counts once.",
    retry_after=1,
)
BATCH_TOO_LONG: Final = ProblemType(
    "batch-too-long",
    413,
    "The batch has too many lines",
    "The batch has more lines than one request may bring.",
    "Send it in several batches, each with a key of its own; `detail` says how many lines are accepted.",
)
UNKNOWN_EVENT_TYPE: Final = ProblemType(
    "unknown-event-type",
    400,
    "There is no such event type",
    "`types` names something that the feed does not have.",
    "Use names such as `order.placed`, which the service's `/docs` lists, or leave `types` out.",
)
INVALID_EVENT_ID: Final = ProblemType(
    "invalid-event-id",
    400,
    "The Last-Event-ID is not valid",
    "The header is none that the feed has given, or was given for other event types.",
    "Send the `id` of the last event that you kept as it came, and ask for the same types.",
)
EVENTS_GONE: Final = ProblemType(
    "events-gone",
    410,
    "The events after the Last-Event-ID are gone",
    "Kafka no longer has all the events that came after this one.",
    "Begin anew with `since` in place of `Last-Event-ID`; what lies further back is in the API's lists alone.",
)
TOO_MANY_EVENT_STREAMS: Final = ProblemType(
    "too-many-event-streams",
    429,
    "Too many streams of events",
    "The account, or all accounts together, have as many streams open as they may.",
    "Close a stream that is not read any more, or wait as `Retry-After` says. One stream can bring all types.",
    retry_after=5,
)
