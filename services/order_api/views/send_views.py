"""Numbers views and publishes them: one batch in flight for each partition, acknowledged before anybody is answered.

A view without a key gets the next number of its partition's stream. After a failed batch nobody knows whether it arrived, so
the partition goes on with a new stream: within one stream a gap can only mean loss.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

from ordercast.contracts.envelope import Envelope, SequenceNumber, encode
from ordercast.contracts.events import ProductViewed
from ordercast.contracts.topics import VIEWS, partition_of
from ordercast.services.order_api.errors import Overloaded
from ordercast.services.shared.kafka.errors import BrokerUnavailable, KafkaError
from ordercast.services.shared.kafka.ports import Publisher
from ordercast.services.shared.kafka.records import Record
from ordercast.services.shared.telemetry.metrics import VIEWS_ACCEPTED, VIEWS_BATCH_EVENTS
from ordercast.services.shared.telemetry.tracing import sending, spans

SOURCE: Final = "/ordercast/order_api"
# Views of one partition in one batch: some 600 kB.
MAX_BATCH: Final = 2_000
# Views that may wait for one partition; beyond that clients hear 503 instead of waiting in vain.
MAX_WAITING: Final = 50_000
# Consumers forget the streams that were silent for 7 days; ours change well before.
STREAM_LIFETIME: Final = timedelta(days=1)

OpenPublisher = Callable[[], AbstractAsyncContextManager[Publisher]]


@dataclass(frozen=True, slots=True)
class View:
    """A view to publish. `sequence` is set for a line of a keyed batch, which brings its own number."""

    id: UUID
    event: ProductViewed
    traceparent: str | None = None
    sequence: SequenceNumber | None = None


@dataclass
class _Stream:
    """A run of dense numbers in one partition."""

    began: float
    producer: str = field(default_factory=lambda: str(uuid4()))
    last_number: int = 0

    def next(self) -> SequenceNumber:
        self.last_number += 1
        return SequenceNumber(self.producer, self.last_number)


class _Connection:
    """The publisher of now. One that failed is never used again: what it still holds may arrive late or not at all."""

    def __init__(self, open_publisher: OpenPublisher) -> None:
        self._open = open_publisher
        self._opening = asyncio.Lock()
        self._stack = AsyncExitStack()
        self._publisher: Publisher | None = None

    async def publisher(self) -> Publisher:
        async with self._opening:
            if self._publisher is None:
                self._publisher = await self._stack.enter_async_context(self._open())
            return self._publisher

    async def discard(self, failed: Publisher) -> None:
        async with self._opening:
            if self._publisher is failed:
                self._publisher = None
                await self._stack.aclose()

    async def close(self) -> None:
        await self._stack.aclose()


Waiting = tuple[Sequence[View], "asyncio.Future[None]"]


class SendViews:
    """Sends views of any account. One task for each partition keeps its order and numbers."""

    def __init__(self, open_publisher: OpenPublisher, *, partitions: int) -> None:
        self._connection = _Connection(open_publisher)
        self._waiting: list[asyncio.Queue[Waiting]] = [asyncio.Queue() for _ in range(partitions)]
        self._backlog = [0] * partitions

    async def send(self, views: Sequence[View]) -> None:
        """Returns when Kafka has acknowledged every view. Views of one account keep their order.

        Raises:
            BrokerUnavailable: some of the views may have arrived.
            Overloaded: too many wait already; none was sent.
        """
        by_partition: dict[int, list[View]] = {}
        for view in views:
            partition = partition_of(view.event.account_id, len(self._waiting))
            by_partition.setdefault(partition, []).append(view)
        if any(self._backlog[partition] + len(group) > MAX_WAITING for partition, group in by_partition.items()):
            raise Overloaded("too many views wait to be published; try again in a moment")
        sent = [self._enqueue(partition, group) for partition, group in by_partition.items()]
        results = await asyncio.gather(*sent, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def ask_broker(self) -> None:
        """Raises BrokerUnavailable when views would be refused now."""
        await (await self._connection.publisher()).ask_broker()

    def _enqueue(self, partition: int, views: Sequence[View]) -> "asyncio.Future[None]":
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._backlog[partition] += len(views)
        self._waiting[partition].put_nowait((views, done))
        return done

    async def run(self) -> None:
        """Publishes until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            for partition in range(len(self._waiting)):
                group.create_task(self._run_partition(partition), name=f"views-{partition}")

    async def drain(self) -> None:
        """Returns when every view that was taken is acknowledged or refused."""
        await asyncio.gather(*(queue.join() for queue in self._waiting))

    async def close(self) -> None:
        await self._connection.close()

    async def _run_partition(self, partition: int) -> None:
        queue = self._waiting[partition]
        stream = _new_stream()
        while True:
            batch = [await queue.get()]
            while sum(len(views) for views, _ in batch) < MAX_BATCH and not queue.empty():
                batch.append(queue.get_nowait())
            if _now() - stream.began > STREAM_LIFETIME.total_seconds():
                stream = _new_stream()
            error = await self._publish(partition, [view for views, _ in batch for view in views], stream)
            if error is not None:
                stream = _new_stream()
            self._answer(partition, batch, error)

    async def _publish(self, partition: int, views: Sequence[View], stream: _Stream) -> KafkaError | None:
        try:
            publisher = await self._connection.publisher()
        except BrokerUnavailable as error:
            return error
        try:
            with spans((sending(VIEWS.name, partition), [view.traceparent for view in views])) as [traceparents]:
                records = [
                    _record(view, view.sequence or stream.next(), traceparent)
                    for view, traceparent in zip(views, traceparents, strict=True)
                ]
                await publisher.publish(VIEWS.name, partition, records)
        except KafkaError as error:
            await self._connection.discard(publisher)
            return error
        VIEWS_ACCEPTED.inc(len(records))
        VIEWS_BATCH_EVENTS.observe(len(records))
        return None

    def _answer(self, partition: int, batch: Sequence[Waiting], error: KafkaError | None) -> None:
        for views, done in batch:
            self._backlog[partition] -= len(views)
            self._waiting[partition].task_done()
            if done.cancelled():
                continue
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)


def _record(view: View, sequence: SequenceNumber, traceparent: str | None) -> Record:
    event = view.event
    headers, body = encode(Envelope(view.id, SOURCE, event.occurred_at, event, sequence, traceparent))
    return Record(str(event.account_id).encode(), body, headers, timestamp_ms=_now_ms())


def _now() -> float:
    return asyncio.get_running_loop().time()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _new_stream() -> _Stream:
    return _Stream(began=_now())


@asynccontextmanager
async def open_send_views(open_publisher: OpenPublisher, *, partitions: int) -> AsyncIterator[SendViews]:
    """A running SendViews; on the way out what was taken is published first. Starts without a broker, too."""
    sender = SendViews(open_publisher, partitions=partitions)
    runner = asyncio.create_task(sender.run(), name="send-views")
    try:
        yield sender
        await sender.drain()
    finally:
        runner.cancel()
        await asyncio.gather(runner, return_exceptions=True)
        await sender.close()
