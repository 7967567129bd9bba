"""Applies a batch of records to the feature table, each event once: rows, trends, marks and positions in one transaction."""

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from ordercast.services.feature_worker.admit import Admitted, Refused
from ordercast.services.feature_worker.aggregate import aggregate
from ordercast.services.feature_worker.daily_trends import add_to_trends
from ordercast.services.feature_worker.dedupe import drop_repeats, streams_of
from ordercast.services.feature_worker.errors import TooManyDeadLetters
from ordercast.services.feature_worker.feature_rows import write_rows
from ordercast.services.feature_worker.positions import lock_positions, move_positions, read_marks, write_marks
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.retry import retry_conflicts
from ordercast.services.shared.kafka.ports import Slice
from ordercast.services.shared.kafka.records import StoredRecord
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


class RecordFeatures:
    """The use case. `max_refused_in_a_row` bounds what is buried before somebody has to look; None: no bound."""

    def __init__(
        self, sessions: Sessions, *, admit: Admit, keep_refused: KeepRefused, max_refused_in_a_row: int | None = None
    ) -> None:
        self._sessions = sessions
        self._admit = admit
        self._keep_refused = keep_refused
        self._max_refused_in_a_row = max_refused_in_a_row
        self._refused_in_a_row = 0

    async def __call__(self, slices: Sequence[Slice]) -> Recorded:
        """Applies the slices, all or none. After any error the positions in the database tell whether it was done.

        Raises:
            PositionMoved: a partition does not stand where its slice starts; nothing was done.
            SequenceGap, TooManyDeadLetters: nothing was done.
            BrokerUnavailable: a refused record could not be buried; nothing was done.
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
            new = drop_repeats(batch, await read_marks(session, streams_of(batch)))
            refused = [event for event in new.events if isinstance(event, Refused)]
            refused_in_a_row = self._count_refused(new.events)
            if refused:
                # Before the position passes them. If the commit fails they are buried again under the same ids.
                await self._keep_refused(refused)
            changes = aggregate(event for event in new.events if isinstance(event, Admitted))
            await write_rows(session, changes.pairs)
            await write_marks(session, new.marks)
            await move_positions(session, slices)
            await add_to_trends(session, changes.trends)
        self._refused_in_a_row = refused_in_a_row
        return Recorded(
            applied=_by_topic(event for event in new.events if isinstance(event, Admitted)),
            repeated=new.repeats,
            dead_lettered=Counter((event.record.partition.topic, event.refusal.__name__) for event in refused),
        )

    def _count_refused(self, events: Iterable[Admitted | Refused]) -> int:
        """How many refused records in a row the batch ends with, those before it counted."""
        run = self._refused_in_a_row
        for event in events:
            run = run + 1 if isinstance(event, Refused) else 0
            if self._max_refused_in_a_row is not None and run > self._max_refused_in_a_row:
                raise TooManyDeadLetters(
                    f"{run} events in a row were refused, the last one because of {_cause(event)}. If the data is wrong and "
                    "not this release, raise ORDERCAST_MAX_DEAD_LETTERS_IN_A_ROW until they are passed"
                )
        return run


def _traced(events: Sequence[Admitted | Refused], started_at: int) -> Group:
    """A slice's events, with what is done to them: until its end they are committed."""
    return processing(*events[0].record.partition, started_at), [event.traceparent for event in events]


def _cause(event: Admitted | Refused) -> str:
    return event.reason[:200] if isinstance(event, Refused) else ""


def _by_topic(events: Iterable[Admitted | Refused]) -> Counter[str]:
    return Counter(event.record.partition.topic for event in events)
