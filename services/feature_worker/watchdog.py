"""Notices a worker that no longer gets on. A backlog without progress ends the process; its supervisor starts it again."""

import asyncio
import faulthandler
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import structlog

from ordercast.first_line import first_line
from ordercast.services.feature_worker.errors import Stuck
from ordercast.services.feature_worker.lag_seconds import LagSeconds
from ordercast.services.shared.kafka.errors import BrokerUnavailable
from ordercast.services.shared.kafka.ports import Consumer
from ordercast.services.shared.kafka.records import Partition
from ordercast.services.shared.process.pause import pause
from ordercast.services.shared.telemetry.metrics import WORKER_LAG, WORKER_LAG_SECONDS

log = structlog.stdlib.get_logger()

# Time (s) between two looks at the ends of the partitions.
LOOK_EVERY_S: Final = 2.0
# A process whose watchdog has not looked for this long (s) is ended from outside its event loop. Above the deadlines of all
# that it waits for at its start.
SWITCH_S: Final = 60.0
# A stuck process gets this long (s) to leave in order; what it is stuck in may never return.
WAY_OUT_S: Final = 5.0

Clock = Callable[[], float]
# Puts the end of the process off by so many seconds from now.
Switch = Callable[[float], None]


class Progress:
    """How far the worker is, and since when each partition has not moved though events wait in it."""

    def __init__(self, stuck_after_s: float, clock: Clock = time.monotonic) -> None:
        self._stuck_after_s = stuck_after_s
        self._clock = clock
        self._answered_at = clock()
        self._waiting_since: dict[Partition, tuple[int, float]] = {}
        self.applied: Mapping[Partition, int] = {}

    @property
    def silent_s(self) -> float:
        """Seconds since the broker answered last."""
        return self._clock() - self._answered_at

    def look(self, ends: Mapping[Partition, int]) -> dict[Partition, int]:
        """Events that wait in each partition, given the ends of the partitions.

        Each other one that has events waiting and gets on may have its turn first: where many have a long backlog, a round of all
        takes longer than any one of them may.

        Raises:
            Stuck: one has waited too long at the same position.
        """
        now = self._answered_at = self._clock()
        lags = {partition: max(0, ends.get(partition, 0) - position) for partition, position in self.applied.items()}
        waiting: dict[Partition, tuple[int, float]] = {}
        for partition, position in self.applied.items():
            if lags[partition]:
                before, since = self._waiting_since.get(partition, (position, now))
                waiting[partition] = (position, since if before == position else now)
        getting_on = sum(now - since <= self._stuck_after_s for _, since in waiting.values())
        allowed_s = self._stuck_after_s * (1 + getting_on)
        for partition, (position, since) in waiting.items():
            # One that gets on is none of these, so it is never its own excuse.
            if now - since > allowed_s:
                raise Stuck(
                    f"{lags[partition]} events wait in {partition.topic}/{partition.number}, and its position {position} has "
                    f"not moved for {allowed_s:.0f} s"
                )
        self._waiting_since = waiting
        return lags

    def miss(self, error: BrokerUnavailable) -> None:
        """Notes that the broker did not answer. Raises Stuck when it has been away too long."""
        if self.silent_s > self._stuck_after_s:
            raise Stuck(f"Kafka has not answered for {self._stuck_after_s:.0f} s: {first_line(error)}") from error


class Watchdog:
    """Looks after a consumer: lag for the metrics, positions for Kafka's tools, an alarm when nothing moves."""

    def __init__(self, consumer: Consumer, progress: Progress, switch: Switch) -> None:
        self._consumer = consumer
        self._progress = progress
        self._switch = switch
        self._lag_seconds = LagSeconds()

    async def run(self, stopping: asyncio.Event) -> None:
        """Looks again and again until `stopping` is set. Raises Stuck."""
        try:
            while not stopping.is_set():
                await self.look()
                self._switch(SWITCH_S)
                await pause(stopping, LOOK_EVERY_S)
        except Stuck as alarm:
            log.critical("alarm: the worker stops", error=type(alarm).__name__, reason=str(alarm))
            self._switch(WAY_OUT_S)
            raise
        await self._consumer.show_positions(dict(self._progress.applied))

    async def look(self) -> None:
        """Looks once. Raises Stuck."""
        try:
            ends = await self._consumer.ends()
        except BrokerUnavailable as error:
            log.warning("Kafka does not answer", silent_s=round(self._progress.silent_s), cause=first_line(error))
            self._progress.miss(error)
            return
        self._show_lag(ends)
        await self._consumer.show_positions(dict(self._progress.applied))

    def _show_lag(self, ends: Mapping[Partition, int]) -> None:
        lags = self._progress.look(ends)
        waits = self._lag_seconds.look(self._progress.applied, ends, time.monotonic())
        for gauge, values in ((WORKER_LAG, lags), (WORKER_LAG_SECONDS, waits)):
            gauge.clear()  # of partitions that belong to another worker by now
            for partition, value in values.items():
                gauge.labels(partition.topic, partition.number).set(value)

    async def ask_kafka(self) -> None:
        """For /readyz: raises while the broker is silent."""
        if self._progress.silent_s > 3 * LOOK_EVERY_S:
            raise BrokerUnavailable(f"Kafka has not answered for {self._progress.silent_s:.0f} s")


@contextmanager
def dead_mans_switch() -> Iterator[Switch]:
    """Ends the process, with the stack of every thread on stderr, unless the yielded function is called again in time.

    A thread of its own does it, so it works when the event loop is blocked, or when an orderly stop hangs.
    """

    def put_off(seconds: float) -> None:
        faulthandler.dump_traceback_later(seconds, exit=True)

    put_off(SWITCH_S)
    try:
        yield put_off
    finally:
        faulthandler.cancel_dump_traceback_later()
