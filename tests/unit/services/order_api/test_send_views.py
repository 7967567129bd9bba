"""Views are numbered without gaps, whatever the broker does. The log in memory keeps Kafka's promises."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from ordercast.contracts.envelope import Envelope, SequenceNumber, decode, encode
from ordercast.contracts.events import ProductViewed
from ordercast.services.order_api.errors import Overloaded
from ordercast.services.order_api.views import send_views
from ordercast.services.order_api.views.send_views import View, open_send_views
from ordercast.services.shared.kafka.errors import BrokerUnavailable, NotSent, RecordRefused
from ordercast.services.shared.kafka.memory import MemoryLog
from ordercast.services.shared.kafka.ports import Publisher
from ordercast.services.shared.kafka.records import Record

PARTITIONS = 3


def view(account_id: int, *, sequence: SequenceNumber | None = None) -> View:
    event = ProductViewed(account_id, 1, 1, datetime(2026, 1, 1, tzinfo=UTC))
    return View(uuid7(), event, sequence=sequence)


class UnreliableLog(MemoryLog):
    """Fails when told to: before it writes, or after (the acknowledgement is lost)."""

    def __init__(self, plan: Sequence[str]) -> None:
        super().__init__()
        self._plan = iter(plan)

    async def publish(self, topic: str, partition: int, records: Sequence[Record]) -> None:
        outcome = next(self._plan, "acknowledged")
        if outcome != "lost before":
            await super().publish(topic, partition, records)
        if outcome != "acknowledged":
            raise BrokerUnavailable(outcome)


def opener(log: MemoryLog) -> send_views.OpenPublisher:
    @asynccontextmanager
    async def open_publisher() -> AsyncIterator[Publisher]:
        if not log.available:
            raise BrokerUnavailable("no broker")
        yield log

    return open_publisher


def numbers(log: MemoryLog, partition: int) -> dict[str, list[int]]:
    streams: dict[str, list[int]] = {}
    for record in log.records("views", partition):
        sequence = decode(record.headers, record.value).sequence
        assert sequence is not None
        streams.setdefault(sequence.producer, []).append(sequence.number)
    return streams


@given(
    accounts=st.lists(st.integers(1, 9), max_size=40),
    plan=st.lists(st.sampled_from(["acknowledged", "lost before", "lost after"]), max_size=40),
)
async def test_numbers_have_no_gap_in_any_stream_whatever_fails(accounts: list[int], plan: list[str]) -> None:
    log = UnreliableLog(plan)
    acknowledged = 0
    async with open_send_views(opener(log), partitions=PARTITIONS) as sender:
        for account in accounts:
            [error] = await sender.send([view(account)])
            acknowledged += error is None
    streams = [stream for partition in range(PARTITIONS) for stream in numbers(log, partition).values()]
    assert all(stream == list(range(1, len(stream) + 1)) for stream in streams)
    assert sum(map(len, streams)) >= acknowledged


async def test_views_of_an_account_keep_their_order_and_go_to_its_partition() -> None:
    log = MemoryLog()
    views = [view(account) for account in (1, 2, 4, 1, 4, 7)]
    async with open_send_views(opener(log), partitions=PARTITIONS) as sender:
        await sender.send(views)
    sent = [decode(record.headers, record.value).id for record in log.records("views", 1)]
    assert sent == [view.id for view in views if view.event.account_id % PARTITIONS == 1]


@given(
    accounts=st.lists(st.integers(1, 9), min_size=1, max_size=40),
    refused=st.sets(st.integers(0, 39), max_size=send_views.MAX_REFUSED_IN_A_ROW - 1),
    together=st.booleans(),
)
async def test_a_view_that_kafka_never_takes_is_answered_alone_and_takes_no_number(
    accounts: list[int], refused: set[int], together: bool
) -> None:
    views = [view(account) for account in accounts]
    bad = {str(views[n].id).encode() for n in refused if n < len(views)}
    log = MemoryLog(lambda record: "never" if dict(record.headers)["ce_id"] in bad else None)
    async with open_send_views(opener(log), partitions=PARTITIONS) as sender:
        if together:
            outcomes = await sender.send(views)
        else:
            outcomes = [one for part in await asyncio.gather(*[sender.send([one]) for one in views]) for one in part]
    assert [isinstance(outcome, RecordRefused) for outcome in outcomes] == [n in refused for n in range(len(views))]
    assert all(outcome is None or isinstance(outcome, RecordRefused) for outcome in outcomes)
    for partition in range(PARTITIONS):
        for stream in numbers(log, partition).values():
            assert stream == list(range(1, len(stream) + 1))
    assert sum(len(log.records("views", partition)) for partition in range(PARTITIONS)) == outcomes.count(None)


@given(count=st.integers(1, 50), refused=st.sets(st.integers(0, 49)) | st.just(set(range(50))))
@example(count=10_000, refused=set(range(10_000)))
async def test_a_topic_that_refuses_one_after_the_other_is_left_alone(count: int, refused: set[int]) -> None:
    """Seen: 1,000 refused lines cost 8,987 requests, and 996,062 records were encoded for them."""
    views = [view(1) for _ in range(count)]
    bad = {str(views[number].id).encode() for number in refused if number < count}
    requests: list[int] = []

    class Counting(MemoryLog):
        async def publish(self, topic: str, partition: int, records: Sequence[Record]) -> None:
            requests.append(len(records))
            await super().publish(topic, partition, records)

    log = Counting(lambda record: "never" if dict(record.headers)["ce_id"] in bad else None)
    async with open_send_views(opener(log), partitions=1) as sender:
        outcomes = await sender.send(views)
        log.refuses = lambda _: None
        assert await sender.send([view(1)]) == [None]
    in_a_row = 0
    for number, outcome in enumerate(outcomes):
        if in_a_row == send_views.MAX_REFUSED_IN_A_ROW:
            assert isinstance(outcome, NotSent)
            assert "takes nothing at present: never" in str(outcome)
        else:
            assert isinstance(outcome, RecordRefused) == (number in refused)
            in_a_row = in_a_row + 1 if number in refused else 0
    assert len(log.records("views", 0)) == outcomes.count(None) + 1
    for stream in numbers(log, 0).values():
        assert stream == list(range(1, len(stream) + 1))
    named = sum(isinstance(outcome, RecordRefused) for outcome in outcomes)
    levels = (count - 1).bit_length()
    assert len(requests) - 1 <= 1 + 2 * named * levels
    assert sum(requests) - 1 <= count * (1 + min(2 * named, levels))


async def test_each_view_is_encoded_once_however_many_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded = []

    def counting(envelope: Envelope) -> tuple[list[tuple[str, bytes]], bytes]:
        encoded.append(envelope.id)
        return encode(envelope)

    monkeypatch.setattr(send_views, "encode", counting)
    views = [view(1) for _ in range(100)]
    bad = {str(views[number].id).encode() for number in range(0, 100, 3)}
    log = MemoryLog(lambda record: "never" if dict(record.headers)["ce_id"] in bad else None)
    async with open_send_views(opener(log), partitions=1) as sender:
        await sender.send(views)
    assert encoded == [view.id for view in views]


async def test_what_was_acknowledged_before_the_broker_went_away_counts() -> None:
    class GoingAway(MemoryLog):
        async def publish(self, topic: str, partition: int, records: Sequence[Record]) -> None:
            await super().publish(topic, partition, records[:6])
            if len(records) > 6:
                raise BrokerUnavailable("away", arrived=6)

    log = GoingAway()
    async with open_send_views(opener(log), partitions=1) as sender:
        outcomes = await sender.send([view(1) for _ in range(9)])
        assert await sender.send([view(1)]) == [None]
    assert [outcome is None for outcome in outcomes] == [True] * 6 + [False] * 3
    assert list(numbers(log, 0).values()) == [[1, 2, 3, 4, 5, 6], [1]]


async def test_a_partition_that_fails_does_not_hide_what_counts_in_the_others() -> None:
    class OneGone(MemoryLog):
        async def publish(self, topic: str, partition: int, records: Sequence[Record]) -> None:
            if partition == 2:
                raise BrokerUnavailable("its leader is gone")
            await super().publish(topic, partition, records)

    async with open_send_views(opener(OneGone()), partitions=PARTITIONS) as sender:
        outcomes = await sender.send([view(account) for account in (1, 2, 3, 2, 4)])
    assert [outcome is None for outcome in outcomes] == [True, False, True, False, True]


async def test_a_line_of_a_keyed_batch_keeps_its_own_number() -> None:
    log = MemoryLog()
    async with open_send_views(opener(log), partitions=PARTITIONS) as sender:
        await sender.send([view(1, sequence=SequenceNumber("batch:x", line, "rising")) for line in (2, 5)])
        await sender.send([view(1)])
    keyed, plain = numbers(log, 1).values()
    assert keyed == [2, 5]
    assert plain == [1]


async def test_without_a_broker_views_are_refused_and_taken_again_once_it_is_back() -> None:
    log = MemoryLog()
    log.available = False
    async with open_send_views(opener(log), partitions=PARTITIONS) as sender:
        [error] = await sender.send([view(1)])
        assert isinstance(error, NotSent)
        log.available = True
        assert await sender.send([view(1)]) == [None]
    assert list(numbers(log, 1).values()) == [[1]]


async def test_what_was_taken_is_published_before_the_service_stops() -> None:
    log = MemoryLog()
    async with open_send_views(opener(log), partitions=PARTITIONS) as sender:
        sending = [asyncio.create_task(sender.send([view(1)])) for _ in range(100)]
        await asyncio.sleep(0)
    await asyncio.gather(*sending)
    assert len(log.records("views", 1)) == 100


async def test_more_views_than_may_wait_are_refused_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(send_views, "MAX_WAITING", 2)
    log = MemoryLog()
    async with open_send_views(opener(log), partitions=PARTITIONS) as sender:
        with pytest.raises(Overloaded):
            await sender.send([view(1), view(1), view(1)])
    assert log.records("views", 1) == []


async def test_a_stream_ends_before_consumers_forget_it(monkeypatch: pytest.MonkeyPatch) -> None:
    log = MemoryLog()
    clock = 0.0
    monkeypatch.setattr(send_views, "_now", lambda: clock)
    async with open_send_views(opener(log), partitions=PARTITIONS) as sender:
        await sender.send([view(1)])
        clock = send_views.STREAM_LIFETIME.total_seconds() + 1
        await sender.send([view(1)])
    assert list(numbers(log, 1).values()) == [[1], [1]]
