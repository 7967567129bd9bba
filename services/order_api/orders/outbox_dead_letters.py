"""Events of the outbox that Kafka refused for good: kept here while their numbers go out, and sent again after a repair."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
import structlog
from sqlalchemy import Row, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from ordercast.contracts.envelope import encode_body
from ordercast.contracts.events import TYPE_NAMES, OrderUnpublishable
from ordercast.services.order_api.errors import UnknownDeadLetter
from ordercast.services.order_api.orders.outbox import OutboxRow, append_rows
from ordercast.services.order_api.orders.tables import OutboxDeadLetter
from ordercast.services.shared.db.engine import Sessions

log = structlog.stdlib.get_logger()

UNPUBLISHABLE: Final = TYPE_NAMES[OrderUnpublishable]
# Characters of a reason: it is a broker's text.
REASON_LENGTH: Final = 500

_KEEP: Final = text("""
    INSERT INTO outbox_dead_letters
        (shard, number, event_id, event_type, account_id, occurred_at, body, traceparent, reason)
    SELECT shard, number, event_id, event_type, account_id, occurred_at, body, traceparent, :reason
    FROM outbox WHERE shard = :shard AND number = :number
""")
_STAND_IN: Final = text("""
    UPDATE outbox SET event_id = :event_id, event_type = :event_type, body = :body,
        occurred_at = clock_timestamp(), committed_at = clock_timestamp()
    WHERE shard = :shard AND number = :number
""")


class LetterId(NamedTuple):
    """The shard of a refused event and the number that went out in its stead; written 3:118."""

    shard: int
    number: int

    def __str__(self) -> str:
        return f"{self.shard}:{self.number}"


class DeadLetter(msgspec.Struct, frozen=True):
    """A refused event, as `ordercast outbox list` shows it."""

    id: str
    event_type: str
    event_id: UUID
    account_id: int
    reason: str
    refused_at: datetime
    body: msgspec.Raw


class _OfAnOrder(msgspec.Struct):
    """What every order event has."""

    order_id: UUID


async def set_aside(session: AsyncSession, row: Row[Any], reason: str) -> None:
    """Keeps a refused event and puts its stand-in into the outbox, under the same number.

    In one transaction, before anything goes out under the number: a relay that dies can only repeat the stand-in, so no consumer
    ever drops the event itself as a repeat of it.
    """
    place = {"shard": row.shard, "number": row.number}
    order_id = msgspec.json.decode(row.body, type=_OfAnOrder).order_id
    stand_in = OrderUnpublishable(order_id, row.account_id, row.event_type, row.event_id, reason[:REASON_LENGTH])
    await session.execute(_KEEP, place | {"reason": stand_in.reason})
    await session.execute(
        _STAND_IN, place | {"event_id": uuid7(), "event_type": UNPUBLISHABLE, "body": encode_body(stand_in)}
    )
    log.error("event refused for good", letter=str(LetterId(**place)), order_id=str(order_id), reason=stand_in.reason)


async def read_dead_letters(sessions: Sessions) -> list[DeadLetter]:
    """All that wait, the first refused one first."""
    query = select(OutboxDeadLetter).order_by(
        OutboxDeadLetter.refused_at, OutboxDeadLetter.shard, OutboxDeadLetter.number
    )
    async with sessions() as session:
        return [
            DeadLetter(
                id=str(LetterId(row.shard, row.number)),
                event_type=row.event_type,
                event_id=row.event_id,
                account_id=row.account_id,
                reason=row.reason,
                refused_at=row.refused_at,
                body=msgspec.Raw(row.body),
            )
            for row in await session.scalars(query)
        ]


async def retry_dead_letters(sessions: Sessions, ids: Collection[str] | None) -> list[str]:
    """Puts the events into the outbox again, each under the next number of its shard; None: all. The ids of those that were.

    Who retries twice finds nothing the second time, so each counts once.

    Raises:
        UnknownDeadLetter: an id is none, or is gone already; nothing was done.
    """
    query = select(OutboxDeadLetter).order_by(OutboxDeadLetter.shard, OutboxDeadLetter.number).with_for_update()
    if ids is not None:
        places = [_place(id_) for id_ in ids]
        query = query.where(tuple_(OutboxDeadLetter.shard, OutboxDeadLetter.number).in_(places))
    async with sessions() as session, session.begin():
        letters = list(await session.scalars(query))
        found = [str(LetterId(letter.shard, letter.number)) for letter in letters]
        if missing := sorted(set(ids or ()) - set(found)):
            raise UnknownDeadLetter(f"no event waits as {', '.join(missing)}")
        for letter in letters:
            await session.delete(letter)
        await append_rows(
            session,
            [
                OutboxRow(
                    shard=letter.shard,
                    event_id=letter.event_id,
                    event_type=letter.event_type,
                    account_id=letter.account_id,
                    occurred_at=letter.occurred_at,
                    body=letter.body,
                    traceparent=letter.traceparent,
                )
                for letter in letters
            ],
        )
    return found


def _place(id_: str) -> LetterId:
    shard, _, number = id_.partition(":")
    try:
        return LetterId(int(shard), int(number))
    except ValueError:
        raise UnknownDeadLetter(f"{id_!r} is not the id of a refused event") from None
