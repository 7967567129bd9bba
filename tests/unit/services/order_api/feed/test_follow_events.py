"""A stream of events that is cut off anywhere goes on without a loss or a repeat, in the order of each partition."""

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercast.contracts.envelope import Envelope, SequenceNumber, encode
from ordercast.contracts.envelope import decode as envelope_decode
from ordercast.contracts.events import OrderConfirmed, ProductViewed
from ordercast.services.order_api.errors import EventsGone, InvalidEventId, TooManyStreams
from ordercast.services.order_api.feed import follow_events
from ordercast.services.order_api.feed.bound_streams import BoundStreams
from ordercast.services.order_api.feed.follow_events import FedEvent, FollowEvents
from ordercast.services.shared.kafka.errors import BrokerUnavailable
from ordercast.services.shared.kafka.memory import MemoryConsumer, MemoryLog
from ordercast.services.shared.kafka.ports import ReadPositions
from ordercast.services.shared.kafka.records import Partition, Record

PARTITIONS = 3
NOW = datetime(2026, 7, 1, tzinfo=UTC)
TYPES = "order.confirmed,product.viewed"


@dataclass
class Shop:
    """Topics in memory, and who reads them."""

    log: MemoryLog = field(default_factory=MemoryLog)
    streams: BoundStreams = field(default_factory=lambda: BoundStreams(in_all=2, of_caller=2))
    readers: int = 0

    @property
    def follow(self) -> FollowEvents:
        return FollowEvents(self._open_reader, self._find_offsets, self.streams, partitions=PARTITIONS)

    async def publish(self, topic: str, partition: int, at: int) -> str:
        """An event; its id."""
        event: Any = OrderConfirmed(uuid4(), 1, NOW) if topic == "orders" else ProductViewed(1, 2, 1, NOW)
        envelope = Envelope(uuid4(), "/test", NOW, event, SequenceNumber("outbox", 10**17 + at))
        headers, body = encode(envelope)
        await self.log.publish(topic, partition, [Record(b"1", body, headers, at)])
        return str(envelope.id)

    @asynccontextmanager
    async def _open_reader(
        self, partitions: Collection[Partition], read_positions: ReadPositions
    ) -> AsyncIterator[MemoryConsumer]:
        self.readers += 1
        try:
            yield MemoryConsumer(self.log, partitions, read_positions)
        finally:
            self.readers -= 1

    async def _find_offsets(self, topics: Collection[str], since: datetime | None) -> Mapping[Partition, int]:
        places = [Partition(topic, number) for topic in topics for number in range(PARTITIONS)]
        return {place: 0 if since else len(self.log.records(*place)) for place in places}


async def allowed() -> bool:
    return True


async def read(shop: Shop, last_id: str | None, count: int, *, types: str = TYPES) -> list[FedEvent]:
    """So many events, or all that there are."""
    events: list[FedEvent] = []
    async with shop.follow.opened(1, types=types, last_id=last_id, since=NOW) as feed:
        async for fed in feed.told(asyncio.Event(), allowed):
            events += fed.events
            if len(events) >= count or not fed.events:
                return events[:count]
    raise AssertionError("the stream ended")


@given(
    published=st.lists(
        st.tuples(st.sampled_from(["orders", "views"]), st.integers(0, 2), st.integers(0, 5)), max_size=40
    ),
    cuts=st.lists(st.integers(1, 12), min_size=1, max_size=8),
    looked_at=st.integers(1, 7),
)
def test_cut_off_anywhere_it_goes_on_without_a_loss_or_a_repeat(
    published: list[tuple[str, int, int]], cuts: list[int], looked_at: int
) -> None:
    async def follow() -> None:
        shop, by_partition = Shop(), dict[tuple[str, int], list[str]]()
        for topic, partition, at in published:
            by_partition.setdefault((topic, partition), []).append(await shop.publish(topic, partition, at))
        seen, last_id = list[str](), None
        for cut in [*cuts, 1_000]:
            for event in await read(shop, last_id, cut):
                seen.append(json.loads(event.body)["id"])
                last_id = event.id
        assert sorted(seen) == sorted(i for ids in by_partition.values() for i in ids)
        for ids in by_partition.values():
            assert [i for i in seen if i in ids] == ids
        assert shop.readers == shop.streams.open == 0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(follow_events, "LOOK_RECORDS", looked_at)
        patch.setattr(follow_events, "LOOK_S", 0.0)
        asyncio.run(follow())


async def test_an_event_is_a_cloud_event_with_its_stream_and_number() -> None:
    shop = Shop()
    id_ = await shop.publish("orders", 1, 5)
    (event,) = await read(shop, None, 1)
    said = json.loads(event.body)
    assert (event.type, event.id) == ("order.confirmed", "orders:,1,;views:,,")
    assert (said["specversion"], said["id"], said["type"]) == ("1.0", id_, "ordercast.order.confirmed.v1")
    assert (said["producer"], said["sequence"], said["numbering"]) == ("outbox", "100000000000000005", "dense")
    assert (said["partitionkey"], said["data"]["account_id"]) == ("1", 1)
    assert b"\n" not in event.body


async def test_without_an_id_or_a_time_it_begins_with_what_comes_next() -> None:
    shop = Shop()
    await shop.publish("orders", 0, 1)
    async with shop.follow.opened(1, types="order.confirmed", last_id=None, since=None) as feed:
        looks = feed.told(asyncio.Event(), allowed)
        assert await anext(looks) == follow_events.Fed([], "orders:1,,")
        id_ = await shop.publish("orders", 0, 2)
        assert [json.loads(event.body)["id"] for event in (await anext(looks)).events] == [id_]


async def test_what_is_not_asked_for_or_no_event_is_passed_over_and_the_position_moves() -> None:
    shop = Shop()
    await shop.publish("orders", 0, 1)
    await shop.log.publish("orders", 0, [Record(b"1", b"junk", [("ce_type", b"junk")], 2)])
    async with shop.follow.opened(1, types="order.placed", last_id=None, since=NOW) as feed:
        assert await anext(feed.told(asyncio.Event(), allowed)) == follow_events.Fed([], "orders:2,,")


async def test_events_that_are_gone_are_told_as_such() -> None:
    shop = Shop()
    for at in range(3):
        await shop.publish("orders", 0, at)
    shop.log.delete_before(Partition("orders", 0), 2)
    with pytest.raises(EventsGone, match="orders/0 is to be read from 1"):
        await read(shop, "orders:1,,", 1, types="order.confirmed")
    with pytest.raises(EventsGone):
        await read(shop, "orders:9,,", 1, types="order.confirmed")
    assert shop.readers == shop.streams.open == 0


async def test_a_bad_id_and_one_stream_too_many_open_nothing() -> None:
    shop = Shop()
    with pytest.raises(InvalidEventId):
        await read(shop, "views:1,2,3", 1, types="order.confirmed")
    async with (
        shop.follow.opened(1, types=TYPES, last_id=None, since=None),
        shop.follow.opened(1, types=TYPES, last_id=None, since=None),
    ):
        with pytest.raises(TooManyStreams):
            await read(shop, None, 1)
        assert shop.readers == 2
    assert shop.readers == shop.streams.open == 0


async def test_a_broker_that_is_away_is_an_error_before_the_stream_begins_and_its_end_afterwards() -> None:
    shop = Shop()
    shop.log.available = False
    with pytest.raises(BrokerUnavailable):
        await read(shop, None, 1)
    assert shop.streams.open == 0


async def test_it_ends_when_the_service_stops_and_when_its_caller_may_no_longer_read() -> None:
    shop, stopping, rights = Shop(), asyncio.Event(), iter([True, True, False])

    async def may_read() -> bool:
        return next(rights)

    async with shop.follow.opened(1, types=TYPES, last_id=None, since=None) as feed:
        assert len([fed async for fed in feed.told(stopping, may_read)]) == 2
        stopping.set()
        assert [fed async for fed in feed.told(stopping, allowed)] == []


async def put(shop: Shop, key: bytes | None, body: bytes) -> None:
    """What another program may have written: an event of ours with this body."""
    headers, _ = encode(Envelope(uuid4(), "/test", NOW, OrderConfirmed(uuid4(), 1, NOW)))
    await shop.log.publish("orders", 0, [Record(key, body, headers, 1)])


def body_with(field: bytes) -> bytes:
    """Of an event with a field that this release does not know."""
    _, body = encode(Envelope(uuid4(), "/test", NOW, OrderConfirmed(uuid4(), 1, NOW)))
    return body[:-1] + b',"later":' + field + b"}"


async def test_a_record_without_a_key_is_an_event_with_none() -> None:
    shop = Shop()
    await put(shop, None, body_with(b"1"))
    after = await shop.publish("orders", 0, 2)
    without, event = (json.loads(each.body) for each in await read(shop, None, 2))
    assert (without["partitionkey"], event["id"]) == ("", after)


@pytest.mark.parametrize("field", [b'"\xff"', b"1e999", b"9" * 5_000])
async def test_a_body_that_readers_cannot_decode_is_passed_over(field: bytes) -> None:
    shop = Shop()
    await put(shop, b"1", body_with(field))
    after = await shop.publish("orders", 0, 2)
    assert [json.loads(each.body)["id"] for each in await read(shop, None, 2)] == [after]


async def test_an_event_is_one_line_to_every_reader_and_says_what_the_record_does() -> None:
    shop, text = Shop(), "one\x85two\u2028three\u2029four \u00fc \U0001f600"
    await put(shop, b"1", body_with(json.dumps(text, ensure_ascii=False).encode()).replace(b",", b",\r\n"))
    (event,) = await read(shop, None, 1)
    assert len(event.body.decode().splitlines()) == 1
    assert json.loads(event.body)["data"]["later"] == text


async def test_others_have_their_turn_within_a_look() -> None:
    shop, turns = Shop(), 0
    for at in range(follow_events.LOOK_RECORDS):
        await shop.publish("orders", 0, at)

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(others())
    events = await read(shop, None, follow_events.LOOK_RECORDS)
    task.cancel()
    assert len(events) == follow_events.LOOK_RECORDS
    assert turns >= follow_events.LOOK_RECORDS // follow_events.TURN_RECORDS


async def test_what_is_not_asked_for_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    shop, decoded = Shop(), list[Any]()
    await shop.publish("orders", 0, 1)

    def decode(headers: Any, body: Any) -> Any:
        decoded.append(headers)
        return envelope_decode(headers, body)

    monkeypatch.setattr(follow_events, "decode", decode)
    assert await read(shop, None, 1, types="order.placed") == []
    assert len(await read(shop, None, 1, types="order.placed,order.confirmed")) == len(decoded) == 1
