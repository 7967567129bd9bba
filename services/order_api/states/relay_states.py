"""Publishes what products and accounts are made or changed to: in order for each of them, numbered within each partition.

Numbers are given here, not in the transaction of the change: only events of one key have an order, so imports of products do not
wait for each other at a counter. A batch has its numbers, committed, before any of it goes out. What was not published for certain
goes out again before anything else, partition by partition whole, under the same numbers, so the last record of each key stays the
newest. But for one: a name that is erased meanwhile is left out of the repeat.

One relay does this for all partitions, by a lease. What fails is tried again beside the orders, which must not wait for it, while
another relay may take over. After ten minutes of failures the process ends, because a new one has a new client of Kafka.

A relay that is suspended while it sends, or a client that holds a batch after its publish has failed, must not put an old state
last. So each publisher that is opened fences those before it, and what it sends is read after it was opened: whatever they still
hold is there before, and repeated, or refused. Who gets its lease back opens another publisher, because somebody else may have
opened one meanwhile, and not yet written where it fences. The lease only says who should send.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, Final

import msgspec
import structlog
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.contracts.envelope import SequenceNumber, encode_body, encode_headers
from ordercast.contracts.events import (
    EVENT_TYPES,
    AccountChanged,
    AccountCreated,
    Event,
    ProductChanged,
    ProductCreated,
)
from ordercast.contracts.topics import ACCOUNTS, PRODUCTS
from ordercast.first_line import first_line
from ordercast.services.order_api.orders.relay_outbox import LEASE_S, SOURCE
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.unavailable import is_unavailable
from ordercast.services.shared.kafka.errors import KafkaError
from ordercast.services.shared.kafka.ports import Publisher
from ordercast.services.shared.kafka.records import Partition, Record
from ordercast.services.shared.process.pause import pause

log = structlog.stdlib.get_logger()

# Before the topic's name: its stream of numbers, in every partition. Compaction takes some out, so they only rise.
PRODUCER: Final = "states:"
# Events that are numbered and published together, of all partitions: some 600 kB.
BATCH: Final = 1_000
# Between two looks (s) at an outbox that was empty: nobody waits for a product's event as for an order's.
POLL_S: Final = 1.0
# Kafka's transactional id, to which the relay needs the right.
FENCE: Final = "states"
# After which a publisher is opened anew (s). What was not opened for 7 days Kafka forgets, and fences no more.
REOPEN_S: Final = 24 * 60 * 60.0
# After a try that failed (s): a topic that is missing, or rights to it, come by an operator's hand.
RETRY_S: Final = 5.0
# Tries in a row that fail before a relay waits for its lease to run out, so that another one may go on.
QUICK_TRIES: Final = 3
# Of failures alone (s), after which the process ends. Kubernetes starts at once what ran for ten minutes; what ends sooner it lets
# wait longer and longer, and the orders with it.
END_AFTER_S: Final = 600.0

# The fields that the table keeps apart from `state`.
_KEY_AND_TIME: Final[dict[type[Event], tuple[str, str]]] = {
    ProductCreated: ("product_id", "created_at"),
    ProductChanged: ("product_id", "changed_at"),
    AccountCreated: ("account_id", "created_at"),
    AccountChanged: ("account_id", "changed_at"),
}

_CREATE_STREAMS: Final = text("""
    INSERT INTO state_streams (topic, partition)
    SELECT topic, partition
    FROM unnest(CAST(:topics AS text[])) AS t (topic), generate_series(0, CAST(:partitions AS bigint) - 1) AS p (partition)
    ON CONFLICT DO NOTHING
""")
# One after the other: two relays that each had some partitions would fence each other.
_LOCK: Final = text("""
    WITH streams AS (SELECT * FROM state_streams ORDER BY topic, partition FOR UPDATE)
    SELECT coalesce(bool_and(owner IS NOT DISTINCT FROM :owner AND leased_until >= clock_timestamp()), false) AS still_mine
    FROM streams
""")
_LEASE: Final = text("""
    UPDATE state_streams SET owner = :owner, leased_until = clock_timestamp() + make_interval(secs => :seconds)
    WHERE NOT EXISTS (SELECT FROM state_streams WHERE owner <> :owner AND leased_until >= clock_timestamp())
    RETURNING owner
""")
_LEAVE: Final = text("UPDATE state_streams SET owner = NULL, leased_until = NULL WHERE owner = :owner")
# What has numbers and is still there was not published for certain: it goes first.
_REPEATED: Final = text("""
    SELECT o.*, s.partition FROM state_outbox o
    JOIN state_streams s ON s.topic = o.topic AND s.partition = o.key % :partitions AND s.owner = :owner
    WHERE o.number IS NOT NULL ORDER BY o.id
""")
_NUMBER: Final = text("""
    WITH mine AS (SELECT * FROM state_streams WHERE owner = :owner ORDER BY topic, partition FOR UPDATE),
    next AS (
        SELECT o.id, m.topic, m.partition, m.last_number
            + row_number() OVER (PARTITION BY m.topic, m.partition ORDER BY o.id) AS number
        FROM (SELECT id, topic, key FROM state_outbox WHERE number IS NULL ORDER BY id LIMIT :batch) o
        JOIN mine m ON m.topic = o.topic AND m.partition = o.key % :partitions
    ),
    counted AS (
        UPDATE state_streams s SET last_number = n.last_number
        FROM (SELECT topic, partition, max(number) AS last_number FROM next GROUP BY topic, partition) n
        WHERE s.topic = n.topic AND s.partition = n.partition
    )
    UPDATE state_outbox o SET number = next.number FROM next WHERE o.id = next.id
    RETURNING o.*, next.partition
""")
_FORGET: Final = text("DELETE FROM state_outbox WHERE id = ANY(:ids)")


class RelayStates:
    """One relay of possibly several. `open_publisher` opens one that fences those before it. `owner`: as for `RelayOutbox`.
    `clock` is any that only goes on (s).
    """

    def __init__(
        self,
        sessions: Sessions,
        open_publisher: Callable[[], AbstractAsyncContextManager[Publisher]],
        *,
        partitions: int,
        owner: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sessions = sessions
        self._open_publisher = open_publisher
        self._publisher: Publisher | None = None
        self._opened = AsyncExitStack()
        self._opened_at = 0.0
        self._partitions = partitions
        self._owner = owner
        self._clock = clock

    async def run(self, stopping: asyncio.Event) -> None:
        """Relays until `stopping` is set, then lets another one go on.

        Raises:
            KafkaError, or the database's error: nothing else has come of it for `END_AFTER_S`; the process has to end.
        """
        async with self._opened:
            await self._run(stopping)

    async def _run(self, stopping: asyncio.Event) -> None:
        failed_at: list[float] = []
        while not stopping.is_set():
            try:
                relayed = await self.relay_once()
            except Exception as error:
                if not isinstance(error, KafkaError) and not is_unavailable(error):
                    raise
                failed_at.append(self._clock())
                if failed_at[-1] - failed_at[0] >= END_AFTER_S:
                    raise
                log.warning("events of products and accounts wait", cause=first_line(error))
                await pause(stopping, RETRY_S if len(failed_at) < QUICK_TRIES else LEASE_S + RETRY_S)
            else:
                failed_at.clear()
                if not relayed:
                    await pause(stopping, POLL_S)
        if not failed_at:  # what failed may be the database; then the lease runs out
            async with self._sessions() as session, session.begin():
                await session.execute(_LEAVE, {"owner": self._owner})

    async def relay_once(self) -> int:
        """Publishes the next batch; how many events that were.

        Raises:
            KafkaError: of some partitions; all that was for them comes again, under the same numbers.
        """
        if self._publisher is not None and self._clock() - self._opened_at >= REOPEN_S:
            await self._close_publisher()
        while self._publisher is None or (events := await self._next_batch()) is None:
            if not await self._reopen_publisher():
                return 0
        try:
            return await self._send(self._publisher, events)
        except KafkaError:
            await self._close_publisher()
            raise

    async def _reopen_publisher(self) -> bool:
        """Whether this relay has the lease; if so, with a publisher that fences all from before."""
        await self._close_publisher()
        topics = [PRODUCTS.name, ACCOUNTS.name]
        async with self._sessions() as session, session.begin():
            await session.execute(_CREATE_STREAMS, {"topics": topics, "partitions": self._partitions})
            await session.execute(_LOCK, {"owner": self._owner})
            if not await self._lease(session):
                return False
        self._publisher = await self._opened.enter_async_context(self._open_publisher())
        self._opened_at = self._clock()
        return True

    async def _close_publisher(self) -> None:
        await self._opened.aclose()
        self._publisher = None

    async def _send(self, publisher: Publisher, events: Sequence[Row[Any]]) -> int:
        by_partition: dict[Partition, list[Row[Any]]] = defaultdict(list)
        for event in events:
            by_partition[Partition(event.topic, event.partition)].append(event)
        sent = [publisher.publish(*place, [_record(row) for row in rows]) for place, rows in by_partition.items()]
        outcomes = await asyncio.gather(*sent, return_exceptions=True)
        failures = [outcome for outcome in outcomes if outcome is not None]
        batches = zip(by_partition.values(), outcomes, strict=True)
        if arrived := [row.id for rows, outcome in batches if outcome is None for row in rows]:
            async with self._sessions() as session, session.begin():
                await session.execute(_FORGET, {"ids": arrived})
        if failures:
            raise failures[0]
        return len(events)

    async def _lease(self, session: AsyncSession) -> bool:
        """Whether this relay has the lease, for `LEASE_S` from now."""
        return bool((await session.execute(_LEASE, {"owner": self._owner, "seconds": LEASE_S})).first())

    async def _next_batch(self) -> Sequence[Row[Any]] | None:
        """Events in the order of their numbers, which are committed; None if this relay was without the lease meanwhile."""
        mine = {"owner": self._owner, "partitions": self._partitions}
        async with self._sessions() as session, session.begin():
            if not (await session.execute(_LOCK, {"owner": self._owner})).scalar_one():
                return None
            await self._lease(session)
            rows = (await session.execute(_REPEATED, mine)).all()
            if not rows:
                rows = (await session.execute(_NUMBER, mine | {"batch": BATCH})).all()
        return sorted(rows, key=lambda row: int(row.id))


def event_of(row: Row[Any]) -> Event:
    kind = EVENT_TYPES[row.event_type]
    id_field, time_field = _KEY_AND_TIME[kind]
    return msgspec.convert({**msgspec.json.decode(row.state), id_field: row.key, time_field: row.occurred_at}, kind)


def _record(row: Row[Any]) -> Record:
    return Record(
        key=str(row.key).encode(),
        value=encode_body(event_of(row)),
        headers=encode_headers(
            event_type=row.event_type,
            event_id=row.event_id,
            source=SOURCE,
            time=row.occurred_at,
            sequence=SequenceNumber(f"{PRODUCER}{row.topic}", row.number, "rising"),
        ),
        timestamp_ms=int(row.committed_at.timestamp() * 1000),
    )
