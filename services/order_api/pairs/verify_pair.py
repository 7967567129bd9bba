"""Computes what is known of one account and one product anew, from its orders and the views in Kafka, and compares."""

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text

from ordercast.contracts.events import ProductCarted, ProductViewed
from ordercast.contracts.topics import VIEWS, partition_of
from ordercast.services.order_api.feed.follow_events import FindOffsets, OpenReader
from ordercast.services.order_api.pairs.read_pair import read_pair
from ordercast.services.order_api.pairs.recompute import Difference, Line, Seen, Sources, TakenBack, differences
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.kafka.admit import Admitted, admit
from ordercast.services.shared.kafka.errors import PositionOutsideLog
from ordercast.services.shared.kafka.records import Partition, StoredRecord

# Views of a partition that are read, and how long (s) that may take; beyond, only what orders say is compared, and `ordercast
# verify` compares all.
MOST_RECORDS: Final = 500_000
READ_WITHIN_S: Final = 20.0
POLL_RECORDS: Final = 2_000
POLL_S: Final = 1.0
# Days of a pair that are compared: more than a shop has.
MOST_DAYS: Final = 20_000
# The worker takes a moment to count what has just happened: so many looks, so long apart (s).
LOOKS: Final = 4
PAUSE_S: Final = 1.0
# After so long (s) there is no other look: whoever asks waits.
LOOK_AGAIN_WITHIN_S: Final = 10.0

# An event that Kafka refused is not expected in the table. A row for each line, and one for each time that pieces were taken back.
_OF_PAIR: Final = """
    WITH refused AS (
        SELECT event_id, event_type, (convert_from(body, 'UTF8')::json ->> 'order_id')::uuid AS order_id
        FROM outbox_dead_letters WHERE account_id = :account_id
    ), lines AS (
        SELECT o.id AS order_id, i.line, i.quantity, i.unit_price, o.created_at, o.status, o.is_cancellation, o.cancelled_at
        FROM orders o JOIN order_items i ON i.order_id = o.id
        WHERE o.account_id = :account_id AND i.product_id = :product_id
    )
"""
_LINES: Final = text(
    _OF_PAIR  # noqa: S608 - constants alone
    + """
    SELECT order_id, line, quantity, unit_price, created_at FROM lines
    WHERE NOT is_cancellation AND NOT EXISTS (
        SELECT FROM refused r WHERE r.order_id = lines.order_id AND r.event_type = 'ordercast.order.placed.v1'
    )
"""
)
_TAKEN_BACK: Final = text(
    _OF_PAIR  # noqa: S608 - constants alone
    + """, cancelled AS (
        SELECT c.* FROM order_cancellations c WHERE c.order_id IN (SELECT order_id FROM lines)
    )
    SELECT c.quantity, l.created_at, c.cancelled_at FROM cancelled c JOIN lines l USING (order_id, line)
    WHERE NOT EXISTS (SELECT FROM refused r WHERE r.event_id = c.event_id)
    UNION ALL
    SELECT l.quantity - coalesce(c.quantity, 0), l.created_at, l.cancelled_at
    FROM lines l LEFT JOIN (
        SELECT order_id, line, sum(quantity)::bigint AS quantity FROM cancelled GROUP BY 1, 2
    ) c USING (order_id, line)
    WHERE l.status = 'CANCELLED' AND l.quantity > coalesce(c.quantity, 0) AND NOT EXISTS (
        SELECT FROM refused r WHERE r.order_id = l.order_id AND r.event_type = 'ordercast.order.cancelled.v1'
            AND NOT EXISTS (SELECT FROM order_cancellations p WHERE p.event_id = r.event_id)
    )
"""
)


@dataclass(frozen=True, slots=True)
class Verified:
    """`views_left_out` is why only what orders say was compared; None: all was."""

    differences: list[Difference]
    order_lines: int
    view_events: int
    records_read: int
    views_left_out: str | None
    as_of: datetime
    took_s: float


@dataclass(slots=True)
class _Views:
    """Those of the pair, each event once, among `read` records of the partition."""

    seen: dict[UUID, Seen]
    read: int = 0
    left_out: str | None = None


class VerifyPair:
    """The `partitions` are those of the topics that have no number of their own."""

    def __init__(
        self, sessions: Sessions, open_reader: OpenReader, find_offsets: FindOffsets, *, partitions: int
    ) -> None:
        self._sessions = sessions
        self._open_reader = open_reader
        self._find_offsets = find_offsets
        self._partitions = partitions

    async def __call__(self, account_id: int, product_id: int) -> Verified:
        """
        Raises:
            BrokerUnavailable: Kafka does not answer.
        """
        began = time.monotonic()
        looks = 0
        while True:
            views = await self._views(account_id, product_id)
            lines, taken_back = await self._orders(account_id, product_id)
            known = await read_pair(self._sessions, account_id, product_id, most_days=MOST_DAYS)
            sources = Sources(lines, taken_back, None if views.left_out else list(views.seen.values()))
            row = None if known.row is None else {name: getattr(known.row, name) for name in FEATURE_NAMES}
            found = differences(sources, row, known.days)
            looks += 1
            if not found or looks == LOOKS or time.monotonic() - began > LOOK_AGAIN_WITHIN_S:
                break
            await asyncio.sleep(PAUSE_S)
        took_s = time.monotonic() - began
        return Verified(found, len(lines), len(views.seen), views.read, views.left_out, known.as_of, took_s)

    async def _orders(self, account_id: int, product_id: int) -> tuple[list[Line], list[TakenBack]]:
        pair = {"account_id": account_id, "product_id": product_id}
        async with self._sessions() as session, session.begin():
            await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            lines = [Line(*row) for row in await session.execute(_LINES, pair)]
            taken_back = [TakenBack(*row) for row in await session.execute(_TAKEN_BACK, pair)]
        return lines, taken_back

    async def _views(self, account_id: int, product_id: int) -> _Views:
        partition = Partition(VIEWS.name, partition_of(account_id, self._partitions))
        end = (await self._find_offsets([VIEWS.name], None))[partition]
        views = _Views({})
        if end > MOST_RECORDS:
            views.left_out = f"the partition holds {end:,} views, more than the {MOST_RECORDS:,} that are read here"
            return views
        key = str(account_id).encode()
        try:
            async with asyncio.timeout(READ_WITHIN_S):
                async for record in self._records(partition, end):
                    views.read += 1
                    if record.key == key and (event := self._view(record, product_id)) is not None:
                        views.seen.setdefault(*event)
        except TimeoutError:
            views.left_out = f"{views.read:,} of {end:,} views of the partition were read within {READ_WITHIN_S:g} s"
        except PositionOutsideLog as error:
            views.left_out = str(error)
        return views

    def _view(self, record: StoredRecord, product_id: int) -> tuple[UUID, Seen] | None:
        judged = admit(record, self._partitions)
        if not isinstance(judged, Admitted):
            return None
        envelope, event = judged.envelope, judged.envelope.event
        if not isinstance(event, ProductViewed | ProductCarted) or event.product_id != product_id:
            return None
        return envelope.id, Seen(event.count, envelope.time, isinstance(event, ProductCarted))

    async def _records(self, partition: Partition, end: int) -> AsyncIterator[StoredRecord]:
        position = 0

        async def read_positions(_: Collection[Partition]) -> Mapping[Partition, int]:
            return {partition: position}

        if end == 0:
            return
        async with self._open_reader([partition], read_positions) as reader:
            while position < end:
                for piece in await reader.poll(max_records=POLL_RECORDS, timeout_s=POLL_S):
                    for record in piece.records:
                        if record.offset < end:
                            yield record
                    position = piece.end


FEATURE_NAMES: Final = (
    *("first_ordered_at", "first_quantity", "first_order_quantity", "first_price", "order_count", "total_quantity"),
    *("cancelled_quantity", "view_count", "views_before_first_order", "last_viewed_at", "last_ordered_at"),
)
