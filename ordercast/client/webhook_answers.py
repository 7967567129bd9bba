"""What order_api answers about webhooks. Fields that a newer service adds are passed over."""

from datetime import datetime

from msgspec import Struct


class Webhook(Struct, frozen=True):
    """Where `paused_at` is set, deliveries wait; `pause_reason` says why: ASKED, FAILING or MAKER."""

    id: int
    account_id: int
    url: str
    event_types: list[str]
    created_at: datetime
    paused_at: datetime | None = None
    pause_reason: str | None = None
    failing_since: datetime | None = None
    secret: str | None = None  # where it is made or gets a new one, and nowhere else


class Delivery(Struct, frozen=True):
    """An event for a webhook, and what was answered last; without a status, `answer` says why there is none."""

    id: int
    message_id: str
    event_type: str
    state: str
    created_at: datetime
    attempts: int
    attempted_at: datetime | None = None
    next_attempt_at: datetime | None = None
    answer_status: int | None = None
    answer: str | None = None
    duration_ms: int | None = None


class Replay(Struct, frozen=True):
    """How many are sent again; whether there are more, after which one."""

    replayed: int
    last_id: int | None = None
    has_more: bool = False
