"""Events of the outbox that Kafka refused for good: kept here while their numbers go out, and sent again after a repair."""

from collections.abc import AsyncIterator, Collection, Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
import structlog
from sqlalchemy import Row, delete, func, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from ordercast.contracts.envelope import encode_body
from ordercast.contracts.events import TYPE_NAMES, OrderUnpublishable
from ordercast.services.order_api.errors import TooManyDeadLetters, UnknownDeadLetter
from ordercast.services.order_api.orders.outbox import OutboxRow, append_rows
from ordercast.services.order_api.orders.tables import OutboxDeadLetter
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.kafka.dead_letter_limits import WINDOW, Limits

log = structlog.stdlib.get_logger()

UNPUBLISHABLE: Final = TYPE_NAMES[OrderUnpublishable]
# Characters of a reason: it is a broker's text.
REASON_LENGTH: Final = 500
# One transaction of a retry, which holds the counters of its shards, and so the orders that need them: some 100 ms.
RETRY_EVENTS: Final = 500
RETRY_BYTES: Final = 4_000_000

# Numbers are dense, so as many dead letters as numbers are a row of them without an event that was taken in between.
_COUNT: Final = text("""
    SELECT count(*) FILTER (WHERE number >= :row_begin) AS in_a_row,
        count(*) FILTER (WHERE number >= :window_begin) AS in_window
    FROM outbox_dead_letters
    WHERE shard = :shard AND number < :number AND number >= least(CAST(:row_begin AS bigint), CAST(:window_begin AS bigint))
""")

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

_PLACE: Final = tuple_(OutboxDeadLetter.shard, OutboxDeadLetter.number)


class DeadLetterId(NamedTuple):
    """The shard of a refused event and the number that went out in its stead; written 3:118."""

    shard: int
    number: int

    def __str__(self) -> str:
        return f"{self.shard}:{self.number}"


class DeadLetter(msgspec.Struct, frozen=True):
    """A refused event, as `ordercast outbox list` shows it: without its body, which may be large and is that of an order."""

    id: str
    event_type: str
    event_id: UUID
    account_id: int
    reason: str
    refused_at: datetime
    discarded_at: datetime | None


class _OfAnOrder(msgspec.Struct):
    """What every order event has."""

    order_id: UUID


async def set_aside(session: AsyncSession, row: Row[Any], reason: str, limits: Limits) -> None:
    """Keeps a refused event and puts its stand-in into the outbox, under the same number.

    In one transaction, before anything goes out under the number: a relay that dies can only repeat the stand-in, so no consumer
    ever drops the event itself as a repeat of it.

    Raises:
        TooManyDeadLetters: the shard has as many as `limits` allow; this event has to wait where it is.
    """
    place = {"shard": row.shard, "number": row.number}
    await _check_limits(session, place, reason, limits)
    order_id = msgspec.json.decode(row.body, type=_OfAnOrder).order_id
    stand_in = OrderUnpublishable(order_id, row.account_id, row.event_type, row.event_id, reason[:REASON_LENGTH])
    await session.execute(_KEEP, place | {"reason": stand_in.reason})
    await session.execute(
        _STAND_IN, place | {"event_id": uuid7(), "event_type": UNPUBLISHABLE, "body": encode_body(stand_in)}
    )
    dead_letter = str(DeadLetterId(**place))
    log.error("event refused for good", dead_letter=dead_letter, order_id=str(order_id), reason=stand_in.reason)


async def _check_limits(session: AsyncSession, place: dict[str, int], reason: str, limits: Limits) -> None:
    begins = {"row_begin": place["number"] - limits.in_a_row, "window_begin": place["number"] - WINDOW + 1}
    row = (await session.execute(_COUNT, place | begins)).one()
    if row.in_a_row >= limits.in_a_row:
        how_many, setting = f"{row.in_a_row + 1} events in a row", "ORDERCAST_MAX_DEAD_LETTERS_IN_A_ROW"
    elif row.in_window + 1 > limits.ratio * WINDOW:
        how_many, setting = f"{row.in_window + 1} of the last {WINDOW:,} events", "ORDERCAST_MAX_DEAD_LETTER_RATIO"
    else:
        return
    raise TooManyDeadLetters(
        f"{how_many} of shard {place['shard']} were refused, the last one because of {reason[:200]}. Set the topic right, and the "
        f"relay goes on by itself; if the fault lies in the events, raise {setting} until they are passed"
    )


async def read_dead_letters(sessions: Sessions) -> AsyncIterator[DeadLetter]:
    """All that wait or were discarded, the first refused one first, a few at a time from the database."""
    query = select(
        OutboxDeadLetter.shard,
        OutboxDeadLetter.number,
        OutboxDeadLetter.event_type,
        OutboxDeadLetter.event_id,
        OutboxDeadLetter.account_id,
        OutboxDeadLetter.reason,
        OutboxDeadLetter.refused_at,
        OutboxDeadLetter.discarded_at,
    ).order_by(OutboxDeadLetter.refused_at, OutboxDeadLetter.shard, OutboxDeadLetter.number)
    async with sessions() as session:
        async for row in await session.stream(query):
            yield DeadLetter(
                id=str(DeadLetterId(row.shard, row.number)),
                event_type=row.event_type,
                event_id=row.event_id,
                account_id=row.account_id,
                reason=row.reason,
                refused_at=row.refused_at,
                discarded_at=row.discarded_at,
            )


async def retry_dead_letters(sessions: Sessions, ids: Collection[str] | None) -> AsyncIterator[list[str]]:
    """Puts the events into the outbox again, each under the next number of its shard; None: all that wait at the start, which
    those that were discarded do not.

    Yields the ids after each transaction. Who retries twice finds nothing the second time, so each counts once. The limits count
    what waits, so a retry gives the relay a new allowance: it is an operator's word that the topic is right.

    Raises:
        UnknownDeadLetter: an id is none, or is gone already; nothing was done.
    """
    sizes = select(OutboxDeadLetter.shard, OutboxDeadLetter.number, func.octet_length(OutboxDeadLetter.body)).where(
        OutboxDeadLetter.discarded_at.is_(None) if ids is None else _PLACE.in_([_place(id_) for id_ in ids])
    )
    async with sessions() as session:
        rows = await session.execute(sizes.order_by(OutboxDeadLetter.shard, OutboxDeadLetter.number))
        waiting = {DeadLetterId(shard, number): size for shard, number, size in rows}
    _refuse_unknown(ids or (), waiting)
    for chunk in _chunks(waiting.items()):
        async with sessions() as session, session.begin():
            retried = await _retry(session, chunk)
        yield [str(place) for place in retried]


async def discard_dead_letters(sessions: Sessions, ids: Collection[str]) -> AsyncIterator[list[str]]:
    """Decides that these events are never published. They stay for the record, and for a retry that names them.

    Yields the ids of those that waited. Nothing expects the events any more: not `ordercast verify`, nor an alarm. The limits
    still count them, because a topic that is wrong stays wrong.

    Raises:
        UnknownDeadLetter: an id is none, or is gone already; nothing was done.
    """
    chosen = _PLACE.in_([_place(id_) for id_ in ids])
    async with sessions() as session, session.begin():
        found = await session.execute(select(OutboxDeadLetter.shard, OutboxDeadLetter.number).where(chosen))
        _refuse_unknown(ids, [DeadLetterId(shard, number) for shard, number in found])
        rows = await session.execute(
            update(OutboxDeadLetter)
            .where(chosen, OutboxDeadLetter.discarded_at.is_(None))
            .values(discarded_at=func.clock_timestamp())
            .returning(OutboxDeadLetter.shard, OutboxDeadLetter.number)
        )
        discarded = sorted(DeadLetterId(shard, number) for shard, number in rows)
    yield [str(place) for place in discarded]


def _refuse_unknown(ids: Iterable[str], found: Iterable[DeadLetterId]) -> None:
    if missing := sorted(set(ids) - set(map(str, found))):
        raise UnknownDeadLetter(f"no event waits as {', '.join(missing)}")


async def _retry(session: AsyncSession, places: Collection[DeadLetterId]) -> list[DeadLetterId]:
    """Those of the places that still wait: somebody else may retry, too."""
    query = delete(OutboxDeadLetter).where(_PLACE.in_(places)).returning(OutboxDeadLetter)
    events = sorted(await session.scalars(query), key=lambda event: (event.shard, event.number))
    await append_rows(
        session,
        [
            OutboxRow(
                shard=event.shard,
                event_id=event.event_id,
                event_type=event.event_type,
                account_id=event.account_id,
                occurred_at=event.occurred_at,
                body=event.body,
                traceparent=event.traceparent,
            )
            for event in events
        ],
    )
    return [DeadLetterId(event.shard, event.number) for event in events]


def _chunks(sizes: Iterable[tuple[DeadLetterId, int]]) -> Iterable[list[DeadLetterId]]:
    """In order, each of at most `RETRY_EVENTS`, and of `RETRY_BYTES` unless it is a single one."""
    chunk: list[DeadLetterId] = []
    chunk_bytes = 0
    for place, size in sizes:
        if chunk and (len(chunk) == RETRY_EVENTS or chunk_bytes + size > RETRY_BYTES):
            yield chunk
            chunk, chunk_bytes = [], 0
        chunk.append(place)
        chunk_bytes += size
    if chunk:
        yield chunk


def _place(id_: str) -> DeadLetterId:
    shard, _, number = id_.partition(":")
    try:
        return DeadLetterId(int(shard), int(number))
    except ValueError:
        raise UnknownDeadLetter(f"{id_!r} is not the id of a refused event") from None
