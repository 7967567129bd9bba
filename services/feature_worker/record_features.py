"""Applies a batch of records to the feature table, each event once, in one transaction with last sequences and positions."""

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.services.feature_worker.activity import add_to_activity, read_placed_at
from ordercast.services.feature_worker.aggregate import aggregate
from ordercast.services.feature_worker.dedupe import drop_repeats, streams_of
from ordercast.services.feature_worker.errors import TooManyDeadLetters
from ordercast.services.feature_worker.feature_rows import write_rows
from ordercast.services.feature_worker.limit_dead_letters import check_in_a_row, check_ratio
from ordercast.services.feature_worker.positions import (
    lock_positions,
    move_positions,
    read_refused_offsets,
    read_seen,
    write_seen,
)
from ordercast.services.feature_worker.prediction_answers import add_predictions
from ordercast.services.feature_worker.trends import add_to_trends
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.retry import retry_conflicts
from ordercast.services.shared.kafka.admit import Admitted, Refused
from ordercast.services.shared.kafka.dead_letter_limits import WINDOW, Limits
from ordercast.services.shared.kafka.ports import Slice
from ordercast.services.shared.kafka.records import Partition, StoredRecord
from ordercast.services.shared.telemetry.tracing import Group, processing, spans

Admit = Callable[[StoredRecord], Admitted | Refused]
# Keeps refused records where somebody can look at them; returns when they are safe there.
KeepRefused = Callable[[Sequence[Refused]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a batch: numbers of events by topic, and of those that were refused by the refusal's class as well."""

    applied: Counter[str]
    repeated: Counter[str]
    dead_lettered: Counter[tuple[str, str]]
    alarm: TooManyDeadLetters | None = None


class RecordFeatures:
    """The use case. `limits` say how much may be refused before the alarm is raised; None: any number."""

    def __init__(
        self, sessions: Sessions, *, admit: Admit, keep_refused: KeepRefused, limits: Limits | None = None
    ) -> None:
        self._sessions = sessions
        self._admit = admit
        self._keep_refused = keep_refused
        self._limits = limits

    async def __call__(self, slices: Sequence[Slice]) -> Recorded:
        """Applies the slices, all or none. After any error the positions in the database tell whether it was done.

        Raises:
            PositionMoved: a partition does not stand where its slice starts; nothing was done.
            BrokerUnavailable, RecordRefused: a refused record could not be kept; nothing was done.
            DBAPIError: the database is away, or a commit's answer was lost.
        """
        started_at = time.time_ns()
        pieces = [[self._admit(record) for record in piece.records] for piece in slices]
        batch = list(chain.from_iterable(pieces))
        with spans(*(_traced(events, started_at) for events in pieces)):
            return await retry_conflicts(lambda: self._record(slices, batch))

    async def _record(self, slices: Sequence[Slice], batch: Sequence[Admitted | Refused]) -> Recorded:
        async with self._sessions() as session, session.begin():
            await lock_positions(session, slices)
            seen = await read_seen(session, streams_of(batch))
            new = drop_repeats(batch, seen)
            refused = [event for event in new.events if isinstance(event, Refused)]
            alarm = None
            if refused:
                alarm = await self._alarm(session, refused)
                # Before the position passes them. If the commit fails they are written again under the same ids.
                await self._keep_refused(refused)
            admitted = [event for event in new.events if isinstance(event, Admitted)]
            placed_at = await read_placed_at(session, (event.envelope.event for event in admitted))
            changes = aggregate(admitted, placed_at)
            await write_rows(session, changes.pairs)
            await write_seen(session, new.seen, seen)
            await move_positions(session, slices)
            await add_predictions(session, admitted)
            await add_to_trends(session, changes.product_trends, changes.shop_trends)
            await add_to_activity(session, changes.activity)
        return Recorded(
            applied=_by_topic(admitted),
            repeated=new.repeats,
            dead_lettered=Counter((event.record.partition.topic, event.refusal.__name__) for event in refused),
            alarm=alarm,
        )

    async def _alarm(self, session: AsyncSession, refused: Sequence[Refused]) -> TooManyDeadLetters | None:
        """Whether too many were refused, counted from the table: a restart must not hide it."""
        if self._limits is None:
            return None
        refused_from: dict[Partition, int] = {}
        for event in refused:
            refused_from.setdefault(event.record.partition, event.record.offset)
        known = await read_refused_offsets(session, refused_from, WINDOW)
        try:
            check_in_a_row(refused, known, self._limits.in_a_row)
            check_ratio(refused, known, self._limits.ratio)
        except TooManyDeadLetters as alarm:
            return alarm
        return None


def _traced(events: Sequence[Admitted | Refused], started_at: int) -> Group:
    """A slice's events, with what is done to them: until its end they are committed."""
    return processing(*events[0].record.partition, started_at), [event.traceparent for event in events]


def _by_topic(events: Iterable[Admitted | Refused]) -> Counter[str]:
    return Counter(event.record.partition.topic for event in events)
