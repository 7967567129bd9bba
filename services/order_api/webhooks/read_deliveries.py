"""Shows what was and is to be sent, and sends it once more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, NamedTuple

from sqlalchemy import ColumnElement, Select, func, literal, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.services.order_api.errors import DeliveryNotFound, WebhookNotFound
from ordercast.services.order_api.webhooks.makers import lock_maker
from ordercast.services.order_api.webhooks.tables import Webhook, WebhookDelivery
from ordercast.services.shared.audit.record import record_act
from ordercast.services.shared.db.cut_page import cut_page
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.http.caller import Caller

State = Literal["WAITING", "DELIVERED", "FAILED"]

# Deliveries of one request: under a second of one transaction.
MAX_REPLAYED: Final = 5_000


@dataclass(frozen=True, slots=True)
class Span:
    """Deliveries that were noted from `since` until before `until`, of one state, after one with an id; None leaves none out."""

    since: datetime | None = None
    until: datetime | None = None
    state: State | None = None
    starting_after: int | None = None


class Replayed(NamedTuple):
    """How many are sent again, which the last one is, and whether the span has more."""

    replayed: int
    last_id: int | None
    has_more: bool


async def read_deliveries(
    sessions: Sessions, webhook_id: int, state: State | None, *, limit: int, starting_after: int | None
) -> tuple[Sequence[WebhookDelivery], bool]:
    """A page of them, the newest first, and whether more follow.

    Raises:
        WebhookNotFound: there is none with this id.
    """
    query = listed(webhook_id, state).limit(limit + 1)
    if starting_after is not None:
        query = query.where(WebhookDelivery.id < starting_after)
    async with sessions() as session:
        if await session.get(Webhook, webhook_id) is None:
            raise WebhookNotFound(f"there is no webhook {webhook_id}")
        rows = (await session.scalars(query)).all()
        return cut_page(rows, limit)


def listed(webhook_id: int, state: State | None) -> Select[WebhookDelivery]:
    """The newest first."""
    query = select(WebhookDelivery).where(WebhookDelivery.webhook_id == webhook_id)
    if state is not None:
        query = query.where(_is(state))
    return query.order_by(WebhookDelivery.id.desc())


async def replay_delivery(sessions: Sessions, caller: Caller, webhook_id: int, delivery_id: int) -> Replayed:
    """Makes one due now, as if it had never been tried.

    Raises:
        TokenEnded: the caller's has, or it may not any more, in these seconds.
        WebhookNotFound: there is none with this id.
        DeliveryNotFound: the webhook has none with this id, or no longer.
    """
    one = await _replay(sessions, caller, webhook_id, Span(), delivery_id=delivery_id)
    if not one.replayed:
        raise DeliveryNotFound(f"webhook {webhook_id} has no delivery {delivery_id}")
    return one


async def replay_span(sessions: Sessions, caller: Caller, webhook_id: int, span: Span) -> Replayed:
    """The same for the first of a span, the oldest first; asked again after the last one of these it goes on.

    Raises:
        TokenEnded: the caller's has, or it may not any more, in these seconds.
        WebhookNotFound: there is none with this id.
    """
    return await _replay(sessions, caller, webhook_id, span)


async def _replay(
    sessions: Sessions, caller: Caller, webhook_id: int, span: Span, *, delivery_id: int | None = None
) -> Replayed:
    first = spanned(webhook_id, span).limit(MAX_REPLAYED + 1)
    if delivery_id is not None:
        first = first.where(WebhookDelivery.id == delivery_id)
    async with sessions() as session, session.begin():
        await lock_maker(session, caller)
        # Nobody deletes it meanwhile, nor is the same span replayed from the other end.
        if await session.get(Webhook, webhook_id, with_for_update=True) is None:
            raise WebhookNotFound(f"there is no webhook {webhook_id}")
        if span.starting_after is not None:
            first = first.where(await _after(session, webhook_id, span.starting_after))
        ids, has_more = cut_page((await session.scalars(first)).all(), MAX_REPLAYED)
        if ids:
            # What came of an attempt that is under way is still noted where it has this number again: it was sent.
            await session.execute(
                update(WebhookDelivery)
                .where(WebhookDelivery.id.in_(ids))
                .values(state="WAITING", attempts=0, next_attempt_at=func.clock_timestamp())
            )
            record_act(session, "webhook-replayed", caller, f"webhooks/{webhook_id}", deliveries=len(ids))
    return Replayed(len(ids), ids[-1] if ids else None, has_more)


def spanned(webhook_id: int, span: Span) -> Select[int]:
    """The ids of a span, the oldest first, as an index has them: its start is found at once, however many are older."""
    wanted = [WebhookDelivery.webhook_id == webhook_id]
    if span.since is not None:
        wanted.append(WebhookDelivery.created_at >= span.since)
    if span.until is not None:
        wanted.append(WebhookDelivery.created_at < span.until)
    if span.state is not None:
        wanted.append(_is(span.state))
    return select(WebhookDelivery.id).where(*wanted).order_by(WebhookDelivery.created_at, WebhookDelivery.id)


def _is(state: State) -> ColumnElement[bool]:
    """Written out, not a parameter: PostgreSQL takes the index of what failed for a query that says so."""
    return WebhookDelivery.state == literal(state, literal_execute=True)


async def _after(session: AsyncSession, webhook_id: int, delivery_id: int) -> ColumnElement[bool]:
    """What comes after this one, or after its id where it is forgotten."""
    of_it = (WebhookDelivery.webhook_id == webhook_id, WebhookDelivery.id == delivery_id)
    noted_at = await session.scalar(select(WebhookDelivery.created_at).where(*of_it))
    if noted_at is None:
        return WebhookDelivery.id > delivery_id
    return tuple_(WebhookDelivery.created_at, WebhookDelivery.id) > tuple_(noted_at, delivery_id)
