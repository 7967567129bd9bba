"""Numbers views and publishes them: one batch in flight for each partition, acknowledged before anybody is answered.

A view without a key gets the next number of its partition's stream. After a failed batch nobody knows whether it arrived, so
the partition goes on with a new stream: within one stream a gap can only mean loss. A view that Kafka refuses for good is found,
answered by itself, and takes no number; a topic that refuses one after the other is left alone until the next batch.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from typing import Final
from uuid import UUID, uuid4

from ordercast.contracts.because import sentence
from ordercast.contracts.envelope import Envelope, SequenceNumber, encode, sequence_headers
from ordercast.contracts.topics import VIEWS, partition_of
from ordercast.services.order_api.errors import Overloaded
from ordercast.services.order_api.views.lines import ViewEvent
from ordercast.services.shared.kafka.errors import BrokerUnavailable, KafkaError, NotSent
from ordercast.services.shared.kafka.ports import Publisher
from ordercast.services.shared.kafka.publish_around_refused import publish_around_refused
from ordercast.services.shared.kafka.records import Record
from ordercast.services.shared.telemetry.metrics import VIEWS_ACCEPTED, VIEWS_BATCH_EVENTS
from ordercast.services.shared.telemetry.tracing import sending, spans

SOURCE: Final = "/ordercast/order_api"
# Views of one partition in one batch: some 600 kB.
MAX_BATCH: Final = 2_000
# Views that may wait for one partition; beyond that clients hear 503 instead of waiting in vain.
MAX_WAITING: Final = 50_000
# Views refused one after the other, none taken in between, after which the others of a batch are not tried: more is the fault of
# the topic, and each costs requests.
MAX_REFUSED_IN_A_ROW: Final = 10
# Consumers forget the streams that were silent for 7 days; ours change well before.
STREAM_LIFETIME: Final = timedelta(days=1)

OpenPublisher = Callable[[], AbstractAsyncContextManager[Publisher]]


@dataclass(frozen=True, slots=True)
class View:
    """A view or cart to publish. `sequence` is set for a line of a keyed batch, which brings its own number."""

    id: UUID
    event: ViewEvent
    traceparent: str | None = None
    sequence: SequenceNumber | None = None


@dataclass
class _Stream:
    """A run of dense numbers in one partition."""

    began: float
    producer: str = field(default_factory=lambda: str(uuid4()))
    last_number: int = 0


@dataclass(eq=False)
class _Opened:
    """A publisher, what closes it, and how many partitions publish through it at the moment."""

    publisher: Publisher
    stack: AsyncExitStack
    users: int = 0


class _Connection:
    """The current publisher. One that failed is never used again: what it still holds may arrive late or not at all.

    Partitions that are in the middle of a batch finish it first: a leader that is away is no loss for the others.
    """

    def __init__(self, open_publisher: OpenPublisher) -> None:
        self._open = open_publisher
        self._opening = asyncio.Lock()
        self._current: _Opened | None = None
        self._closing: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def publisher(self) -> AsyncIterator[Publisher]:
        """The publisher, for one batch. Raises NotSent when there is no broker to open it with."""
        async with self._opening:
            opened = self._current = self._current or await self._opened()
            opened.users += 1
        try:
            yield opened.publisher
        except BrokerUnavailable:
            if self._current is opened:
                self._current = None
            raise
        finally:
            opened.users -= 1
            if self._current is not opened and not opened.users:
                closing = asyncio.create_task(opened.stack.aclose(), name="close-publisher")
                self._closing.add(closing)
                closing.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        if self._current is not None:
            await self._current.stack.aclose()
        await asyncio.gather(*self._closing)

    async def _opened(self) -> _Opened:
        async with AsyncExitStack() as stack:
            try:
                publisher = await stack.enter_async_context(self._open())
            except BrokerUnavailable as error:
                raise NotSent(str(error)) from error
            return _Opened(publisher, stack.pop_all())


# For each view None or why it did not arrive.
Outcomes = Sequence[KafkaError | None]
Waiting = tuple[Sequence[View], "asyncio.Future[Outcomes]"]


class SendViews:
    """Sends views of any account. One task for each partition keeps its order and numbers."""

    def __init__(self, open_publisher: OpenPublisher, *, partitions: int) -> None:
        self._connection = _Connection(open_publisher)
        self._waiting: list[asyncio.Queue[Waiting]] = [asyncio.Queue() for _ in range(partitions)]
        self._backlog = [0] * partitions

    async def send(self, views: Sequence[View]) -> list[KafkaError | None]:
        """For each view None once Kafka has acknowledged it, or why it has not. Views of one account keep their order.

        RecordRefused: Kafka never takes it. NotSent: it has not arrived. BrokerUnavailable else: it may have arrived.

        Raises:
            Overloaded: too many wait already; none was sent.
        """
        by_partition: dict[int, list[int]] = {}
        for position, view in enumerate(views):
            partition = partition_of(view.event.account_id, len(self._waiting))
            by_partition.setdefault(partition, []).append(position)
        if any(self._backlog[partition] + len(group) > MAX_WAITING for partition, group in by_partition.items()):
            raise Overloaded(sentence("too-many-views"))
        sent = [
            self._enqueue(partition, [views[position] for position in group])
            for partition, group in by_partition.items()
        ]
        outcomes: list[KafkaError | None] = [None] * len(views)
        for group, answers in zip(by_partition.values(), await asyncio.gather(*sent), strict=True):
            for position, answer in zip(group, answers, strict=True):
                outcomes[position] = answer
        return outcomes

    async def ask_broker(self) -> None:
        """Raises BrokerUnavailable when views would be refused now."""
        async with self._connection.publisher() as publisher:
            await publisher.ask_broker()

    def _enqueue(self, partition: int, views: Sequence[View]) -> "asyncio.Future[Outcomes]":
        done: asyncio.Future[Outcomes] = asyncio.get_running_loop().create_future()
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
            outcomes = await self._publish(partition, [view for views, _ in batch for view in views], stream)
            if any(isinstance(error, BrokerUnavailable) for error in outcomes):
                stream = _new_stream()
            self._answer(partition, batch, outcomes)

    async def _publish(self, partition: int, views: Sequence[View], stream: _Stream) -> Outcomes:
        outcomes: list[KafkaError | None] = []
        try:
            async with self._connection.publisher() as publisher:
                with spans((sending(VIEWS.name, partition), [view.traceparent for view in views])) as [traceparents]:
                    records = [_record(view, parent) for view, parent in zip(views, traceparents, strict=True)]
                    await _publish_numbered(publisher, partition, views, records, stream, outcomes)
        except BrokerUnavailable as error:
            outcomes += [error] * (len(views) - len(outcomes))
        if arrived := outcomes.count(None):
            VIEWS_ACCEPTED.inc(arrived)
            VIEWS_BATCH_EVENTS.observe(arrived)
        return outcomes

    def _answer(self, partition: int, batch: Sequence[Waiting], outcomes: Outcomes) -> None:
        start = 0
        for views, done in batch:
            self._backlog[partition] -= len(views)
            self._waiting[partition].task_done()
            if not done.cancelled():
                done.set_result(outcomes[start : start + len(views)])
            start += len(views)


async def _publish_numbered(
    publisher: Publisher,
    partition: int,
    views: Sequence[View],
    records: Sequence[Record],
    stream: _Stream,
    outcomes: list[KafkaError | None],
) -> None:
    """Publishes the views' records and adds what becomes of each to `outcomes`. No number is used up for what does not arrive.

    Raises:
        BrokerUnavailable: a prefix of those without an outcome may have arrived.
    """

    async def publish(start: int, end: int) -> None:
        numbers = count(stream.last_number + 1)
        numbered = [
            record if view.sequence else _numbered(record, SequenceNumber(stream.producer, next(numbers)))
            for view, record in zip(views[start:end], records[start:end], strict=True)
        ]
        await publisher.publish(VIEWS.name, partition, numbered)

    refused_in_a_row = 0
    async with aclosing(publish_around_refused(publish, len(views))) as pieces:
        async for arrived, refusal in pieces:
            done = len(outcomes)
            stream.last_number += sum(view.sequence is None for view in views[done : done + arrived])
            outcomes += [None] * arrived
            if arrived:
                refused_in_a_row = 0
            if refusal is not None:
                outcomes.append(refusal)
                refused_in_a_row += 1
                if refused_in_a_row == MAX_REFUSED_IN_A_ROW:
                    not_sent = NotSent(f"the topic takes nothing at present: {refusal}")
                    outcomes += [not_sent] * (len(views) - len(outcomes))
                    return


def _record(view: View, traceparent: str | None) -> Record:
    event = view.event
    headers, body = encode(Envelope(view.id, SOURCE, event.occurred_at, event, view.sequence, traceparent))
    return Record(str(event.account_id).encode(), body, headers, timestamp_ms=_now_ms())


def _numbered(record: Record, sequence: SequenceNumber) -> Record:
    return replace(record, headers=[*record.headers, *sequence_headers(sequence)])


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
