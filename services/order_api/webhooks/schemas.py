"""What goes in and out at /webhooks."""

from datetime import datetime
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, Field, model_validator

from ordercast.services.order_api.api_keys.schemas import MAX_OVERLAP_S, OVERLAP_S
from ordercast.services.order_api.feed.event_types import TOPICS
from ordercast.services.order_api.webhooks.manage_webhooks import WebhookChange
from ordercast.services.order_api.webhooks.note_deliveries import TOPICS as NOTED
from ordercast.services.order_api.webhooks.read_deliveries import Replayed, Span, State
from ordercast.services.order_api.webhooks.subscriptions import ShownWebhook
from ordercast.services.order_api.webhooks.tables import Webhook, WebhookDelivery
from ordercast.services.order_api.webhooks.urls import MAX_URL
from ordercast.services.shared.http.requests import MAX_ID, BodyModel, ChangeModel, OneLine, Timestamp

EVENT_TYPES: Final = tuple(sorted(name for name, topic in TOPICS.items() if topic.name in NOTED))

Url = Annotated[str, OneLine(max_length=MAX_URL)]


class NewWebhook(BodyModel):
    """Where events of which types are posted to."""

    url: Url
    event_types: Annotated[list[Literal[EVENT_TYPES]], Field(min_length=1, max_length=len(EVENT_TYPES))]  # type: ignore[valid-type]


class WebhookPatch(ChangeModel):
    """`paused` false lets it go on."""

    url: Url | None = None
    event_types: Annotated[list[Literal[EVENT_TYPES]], Field(min_length=1, max_length=len(EVENT_TYPES))] | None = None  # type: ignore[valid-type]
    paused: bool | None = None

    def change(self) -> WebhookChange:
        types = None if self.event_types is None else frozenset(self.event_types)
        return WebhookChange(self.url, types, self.paused)


class SecretRotation(BodyModel):
    """How long the secret before signs on (s); 0: it ends now."""

    overlap_s: Annotated[int, Field(ge=0, le=MAX_OVERLAP_S)] = OVERLAP_S


class DeliveryReplayRequest(BodyModel):
    """One delivery, or those that were noted from `since` until before `until`, of one state or of all."""

    delivery_id: Annotated[int, Field(ge=1, le=MAX_ID)] | None = None
    since: Timestamp | None = None
    until: Timestamp | None = None
    state: State | None = None
    starting_after: Annotated[int, Field(ge=0, le=MAX_ID)] | None = None

    @model_validator(mode="after")
    def _one_or_a_span(self) -> Self:
        if (self.delivery_id is None) == (self.since is None):
            raise ValueError("must name either delivery_id or since")
        if self.delivery_id is not None and len(self.model_fields_set) > 1:
            raise ValueError("must name nothing beside delivery_id")
        return self

    def span(self) -> Span:
        return Span(self.since, self.until, self.state, self.starting_after)


class WebhookAnswer(BaseModel):
    """`account_id` made it. Where `paused_at` is set, deliveries wait; `pause_reason` says why.

    ASKED: somebody did so. FAILING: no attempt has passed for a day. MAKER: its maker may make none any more.
    """

    id: int
    account_id: int
    url: str
    event_types: list[str]
    created_at: datetime
    paused_at: datetime | None
    pause_reason: Literal["ASKED", "FAILING", "MAKER"] | None
    failing_since: datetime | None

    @classmethod
    def of(cls, row: Webhook) -> "WebhookAnswer":
        return cls.model_validate(row, from_attributes=True)


class ShownWebhookAnswer(WebhookAnswer):
    """With the secret, which is not shown again."""

    secret: str

    @classmethod
    def shown(cls, made: ShownWebhook) -> "ShownWebhookAnswer":
        return cls(**WebhookAnswer.of(made.row).model_dump(), secret=made.secret)


class DeliveryAnswer(BaseModel):
    """`message_id` is its `webhook-id`. What was answered is that of the last attempt; without a status, `answer` says why."""

    id: int
    message_id: str
    event_type: str
    state: State
    created_at: datetime
    attempts: int
    attempted_at: datetime | None
    next_attempt_at: datetime | None
    answer_status: int | None
    answer: str | None
    duration_ms: int | None

    @classmethod
    def of(cls, row: WebhookDelivery) -> "DeliveryAnswer":
        return cls.model_validate(row, from_attributes=True)


class ReplayAnswer(BaseModel):
    """How many are sent again. Where `has_more`, the same request with `last_id` as `starting_after` goes on."""

    replayed: int
    last_id: int | None
    has_more: bool

    @classmethod
    def of(cls, replayed: Replayed) -> "ReplayAnswer":
        return cls(replayed=replayed.replayed, last_id=replayed.last_id, has_more=replayed.has_more)
