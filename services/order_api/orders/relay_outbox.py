"""Publishes the outbox: shard by shard, in number order, one batch in flight for each.

Any error ends the relay, and so its process; no number is ever skipped. After a crash it repeats from the last number that it
noted, with the same numbers, so that consumers can tell a repeat. A relay that lost its lease while it was held up repeats
at worst, for the same reason.

A batch with an event that Kafka refuses for good is refused whole, and the client does not tell which event it is. The shard
goes on with half of what the event must be in, a round for each half, until the event stands alone and its stand-in takes its
number. Each round is one request and is noted, so a search of any length keeps its lease and delays no other shard.

Several relays share the shards evenly: each says again and again that it is alive, counts who else is, gives back what is more
than its share and claims what is free. A shard changes hands only between two batches, or when its lease has run out.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import starmap
from typing import Any, Final

from sqlalchemy import Row, text

from ordercast.contracts.envelope import SequenceNumber, encode_headers
from ordercast.contracts.topics import ORDERS
from ordercast.services.order_api.errors import LeaseLost, OutboxGap, PartitionsChanged
from ordercast.services.order_api.orders.outbox_dead_letters import UNPUBLISHABLE, set_aside
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.kafka.dead_letter_limits import Limits
from ordercast.services.shared.kafka.errors import RecordRefused
from ordercast.services.shared.kafka.ports import Publisher
from ordercast.services.shared.kafka.records import Record
from ordercast.services.shared.process.pause import pause_until
from ordercast.services.shared.telemetry.metrics import OUTBOX_BATCH_EVENTS, OUTBOX_PUBLISHED
from ordercast.services.shared.telemetry.tracing import sending, spans

# The name of the outbox's stream of numbers, in every partition.
PRODUCER: Final = "outbox"
SOURCE: Final = "/ordercast/order_api"
# Events of one shard in one batch: some 300 kB, and few enough to repeat after a crash.
BATCH: Final = 500
# Bytes of their bodies before the last one: with an order of 2,000 items (180 kB) as that one, and with all headers, still one
# request of the publisher.
BATCH_BYTES: Final = 500_000
# A relay that has not come back for this long (s) is gone, and another takes over its shards. Longer than a round: one request
# (10 s at most), and what came before it since the lease was renewed (`LOOK_EVERY_S`).
LEASE_S: Final = 30
# Between two looks (s) at who else relays: a new relay has its share after about two of them. A look costs one transaction.
LOOK_EVERY_S: Final = 2.0
# Between two looks (s) at an outbox that was empty, unless a commit is heard of before: where nobody hears, as while the
# connection for it is made anew, an order waits for so long at most before it is on its way.
SLOW_POLL_S: Final = 1.0

_CREATE_LEASES: Final = text("""
    INSERT INTO outbox_leases (shard)
    SELECT * FROM generate_series(0, CAST(:partitions AS bigint) - 1) WHERE NOT EXISTS (SELECT FROM outbox_leases)
    ON CONFLICT DO NOTHING
""")
_COUNT_LEASES: Final = text("SELECT count(*) FROM outbox_leases")
_REGISTER: Final = text("""
    INSERT INTO outbox_relays (owner, alive_until) VALUES (:owner, clock_timestamp() + make_interval(secs => :seconds))
    ON CONFLICT (owner) DO UPDATE SET alive_until = excluded.alive_until
""")
_ALIVE: Final = text("SELECT owner FROM outbox_relays WHERE alive_until > clock_timestamp()")
_GIVE_BACK: Final = text("""
    UPDATE outbox_leases SET owner = NULL, leased_until = NULL
    WHERE owner = :owner
        AND shard NOT IN (SELECT shard FROM outbox_leases WHERE owner = :owner ORDER BY shard LIMIT :share)
""")
# Free shards, and our own ones anew. SKIP LOCKED: another relay that is just claiming a shard may have it.
_CLAIM: Final = text("""
    WITH free AS (
        SELECT shard FROM outbox_leases
        WHERE owner IS NULL OR owner = :owner OR leased_until < clock_timestamp()
        ORDER BY (owner = :owner) DESC NULLS LAST, shard LIMIT :share
        FOR UPDATE SKIP LOCKED
    )
    UPDATE outbox_leases SET owner = :owner, leased_until = clock_timestamp() + make_interval(secs => :seconds)
    FROM free WHERE outbox_leases.shard = free.shard
    RETURNING outbox_leases.shard
""")
_RELEASE: Final = text("UPDATE outbox_leases SET owner = NULL, leased_until = NULL WHERE owner = :owner")
_LEAVE: Final = text("DELETE FROM outbox_relays WHERE owner = :owner")
_NEXT: Final = text("""
    SELECT o.*, l.published_number FROM outbox_leases l
    CROSS JOIN LATERAL (
        SELECT *, sum(octet_length(body)) OVER (ORDER BY number) - octet_length(body) AS bytes_before FROM outbox
        WHERE shard = l.shard AND number > l.published_number ORDER BY number LIMIT :batch
    ) o
    WHERE l.owner = :owner AND o.bytes_before < :batch_bytes
""")
# By compare-and-set: a second relay under the same name must not set a number back whose events have left the outbox.
_NOTE: Final = text("""
    UPDATE outbox_leases SET published_number = :number
    WHERE shard = :shard AND owner = :owner AND published_number = :before RETURNING shard
""")
_FORGET: Final = text("DELETE FROM outbox WHERE shard = :shard AND number <= :number")


class RelayOutbox:
    """One relay of possibly several.

    `owner` names it, the same after a restart, so that it goes on with its shards at once. No two may have the same. `committed`
    belongs to an `OutboxSignal`, which sets it at each commit; the relay alone clears it. Without one the relay only looks.
    """

    def __init__(
        self,
        sessions: Sessions,
        publisher: Publisher,
        *,
        partitions: int,
        owner: str,
        limits: Limits | None = None,
        committed: asyncio.Event | None = None,
    ) -> None:
        self._sessions = sessions
        self._publisher = publisher
        self._partitions = partitions
        self._owner = owner
        self._limits = limits or Limits()
        self._committed = committed or asyncio.Event()
        # By shard: the number up to which an event lies that is refused. Another relay finds it anew.
        self._refused_up_to: dict[int, int] = {}

    async def run(self, stopping: asyncio.Event) -> None:
        """Relays until `stopping` is set, then gives its shards back.

        Raises:
            BrokerUnavailable, LeaseLost, or the database's error: the process has to end.
            TooManyDeadLetters: the topic refuses so much that the fault must lie in it.
            RecordRefused: the topic does not even take the event that stands in for a refused one; the fault lies in the topic.
        """
        await self.create_leases()
        try:
            while not stopping.is_set():
                await self.renew_leases()
                await self._relay_for(LOOK_EVERY_S, stopping)
        finally:
            await self.leave()

    async def create_leases(self) -> None:
        """Makes the leases of a new system.

        Raises:
            PartitionsChanged: the system was made with another number of partitions, which cannot change: an account would
                move to another partition, and its events would lose their order.
        """
        async with self._sessions() as session, session.begin():
            await session.execute(_CREATE_LEASES, {"partitions": self._partitions})
            count = (await session.execute(_COUNT_LEASES)).scalar_one()
        if count != self._partitions:
            raise PartitionsChanged(f"this system has {count} partitions, ORDERCAST_PARTITIONS says {self._partitions}")

    async def renew_leases(self) -> list[int]:
        """Gives back shards beyond this relay's share, claims free ones up to it, and renews; the shards held now.

        No batch may be in flight.
        """
        lease = {"owner": self._owner, "seconds": LEASE_S}
        async with self._sessions() as session, session.begin():
            await session.execute(_REGISTER, lease)
            alive = (await session.execute(_ALIVE)).scalars().all()
            share = share_of(self._owner, alive, self._partitions)
            await session.execute(_GIVE_BACK, {"owner": self._owner, "share": share})
            leased = await session.execute(_CLAIM, lease | {"share": share})
            return sorted(leased.scalars())

    async def leave(self) -> None:
        """Gives all shards back, and is no longer counted as alive."""
        async with self._sessions() as session, session.begin():
            await session.execute(_RELEASE, {"owner": self._owner})
            await session.execute(_LEAVE, {"owner": self._owner})

    async def relay_once(self) -> int:
        """Tries to publish the next batch of each held shard, in one request each; how many events that were."""
        async with self._sessions() as session, session.begin():
            rows = await session.execute(_NEXT, {"owner": self._owner, "batch": BATCH, "batch_bytes": BATCH_BYTES})
            shards = {shard: self._to_try(shard, events) for shard, events in _by_shard(rows.all()).items()}
        relayed = await asyncio.gather(*starmap(self._relay, shards.items()), return_exceptions=True)
        for outcome in relayed:
            if isinstance(outcome, BaseException):
                raise outcome
        return sum(len(events) for events in shards.values())

    async def _relay_for(self, seconds: float, stopping: asyncio.Event) -> None:
        deadline = asyncio.get_running_loop().time() + seconds
        while (left := deadline - asyncio.get_running_loop().time()) > 0 and not stopping.is_set():
            self._committed.clear()  # before the look: a commit after it is heard
            if not await self.relay_once():
                await pause_until((self._committed, stopping), min(SLOW_POLL_S, left))

    def _to_try(self, shard: int, events: Sequence[Row[Any]]) -> Sequence[Row[Any]]:
        """All of them, or half of those among which one is refused; at least one."""
        suspects = self._refused_up_to.get(shard, 0) - events[0].published_number
        return events if suspects <= 0 else events[: max(1, suspects // 2)]

    async def _relay(self, shard: int, events: Sequence[Row[Any]]) -> None:
        arrived, refusal = await self._publish(shard, events)
        before = events[0].published_number
        refused = events[arrived] if refusal is not None and len(events) - arrived == 1 else None
        async with self._sessions() as session, session.begin():
            place = {"shard": shard, "number": before + arrived}
            noted = await session.execute(_NOTE, place | {"before": before, "owner": self._owner})
            if noted.first() is None:
                raise LeaseLost(f"another relay took shard {shard} over, or has the name {self._owner}, too")
            await session.execute(_FORGET, place)
            if refused is not None and refused.event_type != UNPUBLISHABLE:
                await set_aside(session, refused, str(refusal), self._limits)
        OUTBOX_PUBLISHED.inc(arrived)
        OUTBOX_BATCH_EVENTS.observe(arrived)
        if refusal is None:
            return
        if refused is None:
            self._refused_up_to[shard] = events[-1].number
        elif refused.event_type == UNPUBLISHABLE:
            raise refusal
        else:
            self._refused_up_to.pop(shard, None)

    async def _publish(self, shard: int, events: Sequence[Row[Any]]) -> tuple[int, RecordRefused | None]:
        """How many have arrived, and why one of the others never will, if so."""
        with spans((sending(ORDERS.name, shard), [event.traceparent for event in events])) as [traceparents]:
            records = [_record(event, traceparent) for event, traceparent in zip(events, traceparents, strict=True)]
            try:
                await self._publisher.publish(ORDERS.name, shard, records)
            except RecordRefused as refusal:
                return refusal.arrived, refusal
        return len(events), None


def share_of(owner: str, alive: Sequence[str], shards: int) -> int:
    """How many of the shards `owner` may hold. All relays that know of the same ones alive share out every shard."""
    each, left = divmod(shards, len(alive))
    return each + (sorted(alive).index(owner) < left)


def _by_shard(rows: Sequence[Row[Any]]) -> Mapping[int, list[Row[Any]]]:
    shards: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        shards[row.shard].append(row)
    for shard, events in shards.items():
        events.sort(key=lambda event: int(event.number))
        first = events[0].published_number + 1
        if [event.number for event in events] != list(range(first, first + len(events))):
            raise OutboxGap(f"the outbox of shard {shard} has a gap after number {first - 1}")
    return shards


def _record(row: Row[Any], traceparent: str | None) -> Record:
    return Record(
        key=str(row.account_id).encode(),
        value=row.body,
        headers=encode_headers(
            event_type=row.event_type,
            event_id=row.event_id,
            source=SOURCE,
            time=row.occurred_at,
            sequence=SequenceNumber(PRODUCER, row.number),
            traceparent=traceparent,
        ),
        timestamp_ms=int(row.committed_at.timestamp() * 1000),
    )
