"""The worker's loop: poll, record, again. Stopping is an event, so a transaction is never cut off."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog

from ordercast.contracts.topics import ORDERS, PREDICTIONS, VIEWS
from ordercast.first_line import first_line
from ordercast.services.feature_worker.errors import LASTING, PositionMoved, Stuck
from ordercast.services.feature_worker.record_features import Recorded
from ordercast.services.feature_worker.watchdog import Progress
from ordercast.services.shared.db.unavailable import is_unavailable
from ordercast.services.shared.kafka.admit import REFUSALS
from ordercast.services.shared.kafka.errors import BrokerUnavailable
from ordercast.services.shared.kafka.ports import Consumer, Slice
from ordercast.services.shared.process.pause import pause
from ordercast.services.shared.telemetry.metrics import (
    WORKER_ALARMS,
    WORKER_BATCH_EVENTS,
    WORKER_BATCH_SECONDS,
    WORKER_DEAD_LETTERS,
    WORKER_EVENTS,
    WORKER_FRESHNESS,
)

log = structlog.stdlib.get_logger()

# A poll without records returns after this time (s): so long may a stop have to wait.
POLL_S: Final = 0.5
# The first and the longest pause (s) after a failure; each failure in a row doubles it.
FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 5.0

# From 0: a counter that comes into being at its first count shows no increase.
_TOPICS: Final = (ORDERS.name, VIEWS.name, PREDICTIONS.name)
for _topic, _outcome in itertools.product(_TOPICS, ("applied", "repeated", "dead_lettered")):
    WORKER_EVENTS.labels(_topic, _outcome)
for _topic, _refusal in itertools.product(_TOPICS, REFUSALS):
    WORKER_DEAD_LETTERS.labels(_topic, _refusal.__name__)
# Raised while the flow of events goes on.
TOO_MANY_DEAD_LETTERS: Final = "too_many_dead_letters"
for _kind in (*LASTING.values(), TOO_MANY_DEAD_LETTERS):
    WORKER_ALARMS.labels(_kind)

Record = Callable[[Sequence[Slice]], Awaitable[Recorded]]


class ConsumeEvents:
    """The loop. What fails for a while is tried again from the positions in the database, which are always true.

    An alarm that the next start would meet again is shown for `alarm_shown_s` before the loop ends with it: metrics of a
    process that ends at once are never seen.
    """

    def __init__(
        self,
        consumer: Consumer,
        record: Record,
        progress: Progress,
        *,
        max_records: int,
        give_up_after_s: float,
        alarm_shown_s: float = 0.0,
    ) -> None:
        self._consumer = consumer
        self._record = record
        self._progress = progress
        self._max_records = max_records
        self._give_up_after_s = give_up_after_s
        self._alarm_shown_s = alarm_shown_s
        self._alarm: Exception | None = None

    async def run(self, stopping: asyncio.Event) -> None:
        """Applies events until `stopping` is set.

        Raises:
            Alarm: PostgreSQL or Kafka stays away.
            PositionOutsideLog, RecordTooLarge: the topics no longer hold what is to be read.
        """
        try:
            await self._run(stopping)
        except Exception as error:
            log.critical("alarm: the worker stops", error=type(error).__name__, reason=first_line(error))
            if kind := LASTING.get(type(error)):
                self._alarm = error
                WORKER_ALARMS.labels(kind).inc()
                await pause(stopping, self._alarm_shown_s)
            raise

    async def check(self) -> None:
        """For /readyz: raises the alarm that the loop stands still for."""
        if self._alarm is not None:
            raise self._alarm

    async def step(self) -> int:
        """Applies the next records, if any come in time; how many they were."""
        slices = await self._consumer.poll(max_records=self._max_records, timeout_s=POLL_S)
        count = sum(len(piece.records) for piece in slices)
        # What waits is seen even where the first batch fails.
        self._progress.applied = dict(self._consumer.positions) | {piece.partition: piece.start for piece in slices}
        if slices:
            started = time.perf_counter()
            _measure(await self._record(slices))
            WORKER_BATCH_SECONDS.observe(time.perf_counter() - started)
            WORKER_BATCH_EVENTS.observe(count)
            now = time.time()
            for piece in slices:
                WORKER_FRESHNESS.labels(piece.partition.topic).observe(
                    max(0.0, now - piece.records[-1].timestamp_ms / 1000)
                )
        # Everything that was polled is committed now.
        self._progress.applied = dict(self._consumer.positions)
        return count

    async def _run(self, stopping: asyncio.Event) -> None:
        failing_since: float | None = None
        pause_s = FIRST_PAUSE_S
        while not stopping.is_set():
            try:
                await self.step()
                failing_since, pause_s = None, FIRST_PAUSE_S
            except PositionMoved as moved:
                log.info("position moved by another worker, or by a commit whose answer was lost", reason=str(moved))
                self._consumer.reposition()
            except Exception as error:
                if not isinstance(error, BrokerUnavailable) and not is_unavailable(error):
                    raise
                self._consumer.reposition()
                failing_since = failing_since or time.monotonic()
                self._check_patience(time.monotonic() - failing_since, error)
                log.warning("waiting, nothing is lost", cause=first_line(error), pause_s=pause_s)
                await pause(stopping, pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _check_patience(self, failing_for_s: float, error: Exception) -> None:
        if failing_for_s > self._give_up_after_s:
            raise Stuck(f"no way on for {failing_for_s:.0f} s: {first_line(error)}") from error


def _measure(recorded: Recorded) -> None:
    for outcome, counts in (("applied", recorded.applied), ("repeated", recorded.repeated)):
        for topic, count in counts.items():
            WORKER_EVENTS.labels(topic, outcome).inc(count)
    for (topic, refusal), count in recorded.dead_lettered.items():
        WORKER_EVENTS.labels(topic, "dead_lettered").inc(count)
        WORKER_DEAD_LETTERS.labels(topic, refusal).inc(count)
    if recorded.alarm is not None:
        log.critical("alarm: too many events are refused", reason=str(recorded.alarm))
        WORKER_ALARMS.labels(TOO_MANY_DEAD_LETTERS).inc()
