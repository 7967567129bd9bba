"""The feature table as tests look at it, in memory and in PostgreSQL, both in the oracle's shape."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

from sqlalchemy import select, text

from ordercast.contracts.activity import SUMS
from ordercast.services.feature_worker.aggregate import (
    EPOCH,
    EPOCH_DAY,
    ActivityChange,
    ActivityKey,
    Pair,
    TrendChange,
    aggregate,
)
from ordercast.services.feature_worker.dedupe import Stream, drop_repeats
from ordercast.services.feature_worker.errors import PositionMoved
from ordercast.services.feature_worker.merge import KnownFirst, Merged, merge
from ordercast.services.feature_worker.read_start_positions import ReadStartPositions
from ordercast.services.feature_worker.record_features import Admit, RecordFeatures
from ordercast.services.feature_worker.seen import Seen
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.features import (
    TREND_BUCKET,
    FeatureRow,
    PairActivity,
    ProductActivity,
    ProductTrend,
    ShopTrend,
)
from ordercast.services.shared.kafka.admit import Admitted, Refused
from ordercast.services.shared.kafka.admit import admit as admit_as_it_is
from ordercast.services.shared.kafka.dead_letters import DeadLetter, dead_letter_of
from ordercast.services.shared.kafka.ports import Slice
from ordercast.services.shared.kafka.records import Partition
from tests.support.oracle import Activity, Table, Trends

FEATURES = (
    "first_ordered_at",
    "first_event_id",
    "first_quantity",
    "first_order_quantity",
    "first_price",
    "order_count",
    "total_quantity",
    "cancelled_quantity",
    "view_count",
    "views_before_first_order",
    "last_viewed_at",
    "last_ordered_at",
)
ACTIVITY_SUMS = tuple(column.name for column in SUMS)
FIGURES = ("orders", "order_lines", "quantity", "cancelled_quantity", "views")


class DeadLettersInMemory:
    """Dead letters in memory, each id once however often it is written."""

    def __init__(self) -> None:
        self.by_id: dict[str, DeadLetter] = {}

    async def __call__(self, refused: Sequence[Refused]) -> None:
        for item in refused:
            dead_letter = dead_letter_of(item.record, item.reason)
            self.by_id[dead_letter.id] = dead_letter


class FeatureTable(Protocol):
    """A table that slices can be recorded in, all of them or none."""

    dead_letters: DeadLettersInMemory

    async def place(self, partitions: Collection[Partition]) -> Mapping[Partition, int]: ...

    async def record(self, slices: Sequence[Slice]) -> object: ...

    async def rows(self) -> Table: ...

    async def trends(self) -> Trends: ...

    async def activity(self) -> Activity: ...


class SqlTable:
    """The real one."""

    def __init__(self, sessions: Sessions, partitions: int, *, admit: Admit | None = None) -> None:
        self.dead_letters = DeadLettersInMemory()
        self._sessions = sessions
        self.place = ReadStartPositions(sessions)
        admit_here = admit or partial(admit_as_it_is, partitions=partitions)
        self.record = RecordFeatures(sessions, admit=admit_here, keep_refused=self.dead_letters)

    async def rows(self) -> Table:
        return await read_rows(self._sessions)

    async def trends(self) -> Trends:
        return await read_trends(self._sessions)

    async def activity(self) -> Activity:
        return await read_activity(self._sessions)


@dataclass
class _State:
    rows: dict[Pair, dict[str, Any]] = field(default_factory=dict)
    view_times: dict[Pair, dict[datetime, int]] = field(default_factory=dict)
    trends: dict[tuple[int | None, int], TrendChange] = field(default_factory=dict)
    activity: dict[ActivityKey, ActivityChange] = field(default_factory=dict)
    seen: dict[Stream, Seen] = field(default_factory=dict)
    positions: dict[Partition, int] = field(default_factory=dict)

    def copy(self) -> "_State":
        """What a transaction writes to, and leaves behind when it is rolled back."""
        return _State(
            {pair: dict(row) for pair, row in self.rows.items()},
            {pair: dict(times) for pair, times in self.view_times.items()},
            {key: replace(trend) for key, trend in self.trends.items()},
            {key: replace(change) for key, change in self.activity.items()},
            dict(self.seen),
            dict(self.positions),
        )


class MemoryTable:
    """The worker's pure parts around dictionaries, where the real one has PostgreSQL around them."""

    def __init__(self, partitions: int) -> None:
        self.dead_letters = DeadLettersInMemory()
        self._partitions = partitions
        self._state = _State()

    async def place(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        return {partition: self._state.positions.get(partition, 0) for partition in partitions}

    async def record(self, slices: Sequence[Slice]) -> None:
        state = self._state.copy()
        for piece in slices:
            if state.positions.get(piece.partition, 0) != piece.start:
                raise PositionMoved(piece.partition, piece.start, state.positions.get(piece.partition))
            state.positions[piece.partition] = piece.end
        batch = [admit_as_it_is(record, self._partitions) for piece in slices for record in piece.records]
        new = drop_repeats(batch, state.seen)
        await self.dead_letters([event for event in new.events if isinstance(event, Refused)])
        changes = aggregate(event for event in new.events if isinstance(event, Admitted))
        known = {
            pair: KnownFirst(row["first_ordered_at"], row["first_event_id"])
            for pair, row in state.rows.items()
            if row["first_ordered_at"] is not None
        }
        for pair, merged in merge(changes.pairs, known).items():
            _apply(state, pair, merged)
        for product_id, quarter, change in (
            *((product_id, quarter, change) for (product_id, quarter), change in changes.product_trends.items()),
            *((None, quarter, change) for (_, quarter), change in changes.shop_trends.items()),
        ):
            trend = state.trends.setdefault((product_id, quarter), TrendChange())
            for name in FIGURES:
                setattr(trend, name, getattr(trend, name) + getattr(change, name))
        for key, sums in changes.activity.items():
            _add_sums(state.activity.setdefault(key, ActivityChange()), sums)
        state.seen.update(new.seen)
        self._state = state

    async def rows(self) -> Table:
        return {
            (pair.account_id, pair.product_id): {
                **row,
                "first_event_id": row["first_event_id"].hex if row["first_event_id"] else None,
                "views_before_first_order": sum(self._state.view_times.get(pair, {}).values()),
            }
            for pair, row in self._state.rows.items()
        }

    async def trends(self) -> Trends:
        return _by_product_and_start(
            (product_id, EPOCH + quarter * TREND_BUCKET, trend)
            for (product_id, quarter), trend in self._state.trends.items()
        )

    async def activity(self) -> Activity:
        products: defaultdict[tuple[None, int, int, int], ActivityChange] = defaultdict(ActivityChange)
        for (_, product_id, day, known_on), sums in self._state.activity.items():
            _add_sums(products[None, product_id, day, known_on], sums)
        return {
            (account_id, product_id, EPOCH_DAY + timedelta(days=day), EPOCH_DAY + timedelta(days=known_on)): _sums(row)
            for (account_id, product_id, day, known_on), row in (*self._state.activity.items(), *products.items())
        }


def _add_sums(row: ActivityChange, more: ActivityChange) -> None:
    for name in ACTIVITY_SUMS:
        setattr(row, name, getattr(row, name) + getattr(more, name))


def _apply(state: _State, pair: Pair, merged: Merged) -> None:
    empty = dict.fromkeys(FEATURES, None) | dict.fromkeys(
        ("order_count", "total_quantity", "cancelled_quantity", "view_count"), 0
    )
    row = state.rows.setdefault(pair, empty)
    change, first = merged.change, merged.first
    kept = state.view_times.setdefault(pair, {})
    for time, count in merged.views_before.items():
        kept[time] = kept.get(time, 0) + count
    if first is not None:
        row["first_ordered_at"], row["first_event_id"] = first.ordered_at, first.event_id
        row["first_quantity"], row["first_price"] = first.quantity, first.price
        row["first_order_quantity"] = first.order_quantity
        state.view_times[pair] = {time: count for time, count in kept.items() if time < first.ordered_at}
    for name in ("order_count", "total_quantity", "cancelled_quantity", "view_count"):
        row[name] += getattr(change, name)
    for name in ("last_viewed_at", "last_ordered_at"):
        times = [time for time in (row[name], getattr(change, name)) if time is not None]
        row[name] = max(times, default=None)


async def read_rows(sessions: Sessions) -> Table:
    """The features in PostgreSQL."""
    async with sessions() as session:
        rows = (await session.execute(select(FeatureRow))).scalars().all()
    return {
        (row.account_id, row.product_id): {
            **{name: getattr(row, name) for name in FEATURES},
            "first_event_id": row.first_event_id.hex if row.first_event_id else None,
        }
        for row in rows
    }


async def read_trends(sessions: Sessions) -> Trends:
    """The trends in PostgreSQL."""
    async with sessions() as session:
        products = (await session.execute(select(ProductTrend))).scalars().all()
        shop = (await session.execute(select(ShopTrend))).scalars().all()
    return _by_product_and_start(
        [(row.product_id, row.starts_at, row) for row in products] + [(None, row.starts_at, row) for row in shop]
    )


async def read_activity(sessions: Sessions) -> Activity:
    """The activity by day in PostgreSQL."""
    async with sessions() as session:
        pairs = (await session.execute(select(PairActivity))).scalars().all()
        products = (await session.execute(select(ProductActivity))).scalars().all()
    return {(row.account_id, row.product_id, row.day, row.known_on): _sums(row) for row in pairs} | {
        (None, row.product_id, row.day, row.known_on): _sums(row) for row in products
    }


def _sums(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ACTIVITY_SUMS}


def _by_product_and_start(rows: Iterable[tuple[int | None, datetime, Any]]) -> Trends:
    """In the oracle's shape: the shop's rows of all partitions together."""
    trends: defaultdict[tuple[int | None, datetime], dict[str, int]] = defaultdict(lambda: dict.fromkeys(FIGURES, 0))
    for product_id, starts_at, row in rows:
        figures = trends[product_id, starts_at]
        for name in FIGURES:
            figures[name] += getattr(row, name)
    return dict(trends)


async def table_is_untouched(sessions: Sessions) -> bool:
    async with sessions() as session:
        moved = await session.execute(text("SELECT count(*) FROM feature_positions WHERE next_offset > 0"))
        streams = await session.execute(text("SELECT count(*) FROM feature_last_sequences"))
        counts = moved.scalar_one() + streams.scalar_one()
    return (
        counts == 0
        and await read_rows(sessions) == {}
        and await read_trends(sessions) == {}
        and await read_activity(sessions) == {}
    )
