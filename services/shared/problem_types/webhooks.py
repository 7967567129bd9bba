"""What is answered about webhooks."""

from typing import Final

from ordercast.services.shared.problem_types.problem_type import ProblemType

WEBHOOK_NOT_FOUND: Final = ProblemType(
    "webhook-not-found",
    404,
    "There is no such webhook",
    "No webhook has this id; it may have been deleted.",
    "Look at `GET /webhooks` for those that there are.",
)
DELIVERY_NOT_FOUND: Final = ProblemType(
    "delivery-not-found",
    404,
    "There is no such delivery",
    "The webhook has no delivery with this id. Deliveries are forgotten after some weeks.",
    "Look at `GET /webhooks/{id}/deliveries` for those that there are. What is older is in the feed of events.",
)
WEBHOOK_URL_REFUSED: Final = ProblemType(
    "webhook-url-refused",
    422,
    "Nothing is sent to this URL",
    "The URL is not a whole one with https, holds what is not sent, or names an address that is not public.",
    "Choose one that the open internet reaches; `errors` names the reason. For a receiver in the own network, whoever runs the"
    " system sets `ORDERCAST_WEBHOOK_PRIVATE_ADDRESSES`.",
)
TOO_MANY_WEBHOOKS: Final = ProblemType(
    "too-many-webhooks",
    409,
    "There are as many webhooks as may be",
    "Each event is kept once for each webhook, so there is a limit to them.",
    "Delete one that nobody needs, or let one receiver hand events on.",
)
