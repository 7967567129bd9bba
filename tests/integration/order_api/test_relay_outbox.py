"""The relay publishes every event once and in order, whoever dies or is held up."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import text

from services.order_api.errors import LeaseLost, OutboxGap, PartitionsChanged
from services.order_api.orders.place_orders import Line, OrderRequest, PlaceOrders
from services.order_api.orders.relay_outbox import RelayOutbox
from services.shared.contracts.envelope import decode
from services.shared.contracts.events import OrderPlaced
from services.shared.db.engine import Sessions
from services.shared.kafka.errors import BrokerUnavailable
from services.shared.kafka.memory import MemoryLog
from services.shared.kafka.records import Record
from tests.support.seeds import seed_accounts, seed_products

PARTITIONS = 4


async def place(sessions: Sessions, count: int) -> None:
    accounts = await seed_accounts(sessions, 5)
    (product,) = await seed_products(sessions, ["1"])
    requests = [OrderRequest(accounts[number % 5], [Line(product, 1)]) for number in range(count)]
    await PlaceOrders(sessions, partitions=PARTITIONS)(requests)


def relay(sessions: Sessions, log: MemoryLog, owner: str = "relay-0", most_shards: int | None = None) -> RelayOutbox:
    return RelayOutbox(sessions, log, partitions=PARTITIONS, owner=owner, most_shards=most_shards)


def published(log: MemoryLog) -> dict[int, list[int]]:
    numbers: dict[int, list[int]] = {}
    for shard in range(PARTITIONS):
        for record in log.records("orders", shard):
            sequence = decode(record.headers, record.value).sequence
            assert sequence is not None
            numbers.setdefault(shard, []).append(sequence.number)
    return numbers


async def waiting(sessions: Sessions) -> int:
    async with sessions() as session:
        return int((await session.execute(text("SELECT count(*) FROM outbox"))).scalar_one())


async def test_events_are_published_in_order_and_leave_the_outbox(sessions: Sessions) -> None:
    await place(sessions, 20)
    log = MemoryLog()
    one = relay(sessions, log)
    await one.create_leases()
    assert await one.take_leases() == [0, 1, 2, 3]
    assert await one.relay_once() == 20
    assert await one.relay_once() == 0
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in published(log).values())
    assert await waiting(sessions) == 0
    envelope = decode(log.records("orders", 1)[0].headers, log.records("orders", 1)[0].value)
    assert isinstance(envelope.event, OrderPlaced)
    assert envelope.id == envelope.event.order_id


async def test_with_the_broker_down_events_wait_and_nothing_is_skipped(sessions: Sessions) -> None:
    await place(sessions, 10)
    log = MemoryLog()
    one = relay(sessions, log)
    await one.create_leases()
    await one.take_leases()
    log.available = False
    with pytest.raises(BrokerUnavailable):
        await one.relay_once()
    assert await waiting(sessions) == 10
    log.available = True
    restarted = relay(sessions, log)
    await restarted.take_leases()
    assert await restarted.relay_once() == 10
    assert sum(map(len, published(log).values())) == 10


async def test_a_relay_that_died_after_publishing_repeats_the_same_numbers(sessions: Sessions) -> None:
    await place(sessions, 8)

    class DiesAfterPublishing(MemoryLog):
        async def publish(self, topic: str, partition: int, records: Sequence[Record]) -> None:
            await super().publish(topic, partition, records)
            raise BrokerUnavailable("the acknowledgement was lost")

    log = DiesAfterPublishing()
    dying = relay(sessions, log)
    await dying.create_leases()
    await dying.take_leases()
    with pytest.raises(BrokerUnavailable):
        await dying.relay_once()
    first = published(log)
    whole = MemoryLog()
    restarted = relay(sessions, whole)
    await restarted.take_leases()
    await restarted.relay_once()
    assert published(whole) == first


async def test_two_relays_share_the_shards_and_a_third_one_gets_none(sessions: Sessions) -> None:
    log = MemoryLog()
    relays = [relay(sessions, log, owner, most_shards=2) for owner in ("a", "b", "c")]
    await relays[0].create_leases()
    held = [await one.take_leases() for one in relays]
    assert held == [[0, 1], [2, 3], []]
    assert await relays[0].take_leases() == [0, 1]


async def test_a_lease_that_ran_out_goes_to_another_relay_and_the_late_one_notices(sessions: Sessions) -> None:
    await place(sessions, 4)
    log = MemoryLog()
    late, other = relay(sessions, log, "late"), relay(sessions, log, "other")
    await late.create_leases()
    await late.take_leases()

    class TakenOver(MemoryLog):
        async def publish(self, topic: str, partition: int, records: Sequence[Record]) -> None:
            await super().publish(topic, partition, records)
            async with sessions() as session, session.begin():
                await session.execute(text("UPDATE outbox_leases SET leased_until = now() - interval '1 second'"))
            await other.take_leases()

    held_up = RelayOutbox(sessions, TakenOver(), partitions=PARTITIONS, owner="late")
    with pytest.raises(LeaseLost):
        await held_up.relay_once()
    assert await other.relay_once() == 4


@pytest.mark.parametrize("missing", [1, 2])
async def test_a_gap_in_the_numbers_stops_the_relay(sessions: Sessions, missing: int) -> None:
    await place(sessions, 20)
    async with sessions() as session, session.begin():
        await session.execute(text("DELETE FROM outbox WHERE number = :n AND shard = 1"), {"n": missing})
    one = relay(sessions, MemoryLog())
    await one.create_leases()
    await one.take_leases()
    with pytest.raises(OutboxGap, match="shard 1"):
        await one.relay_once()


async def test_another_number_of_partitions_is_refused(sessions: Sessions) -> None:
    await relay(sessions, MemoryLog()).create_leases()
    changed = RelayOutbox(sessions, MemoryLog(), partitions=PARTITIONS + 1, owner="relay-0")
    with pytest.raises(PartitionsChanged):
        await changed.create_leases()


async def test_a_stopped_relay_gives_its_shards_back(sessions: Sessions) -> None:
    log = MemoryLog()
    stopping = asyncio.Event()
    running = asyncio.create_task(relay(sessions, log, "a").run(stopping))
    await place(sessions, 5)
    while await waiting(sessions):
        await asyncio.sleep(0.01)
    stopping.set()
    await running
    assert await relay(sessions, log, "b").take_leases() == [0, 1, 2, 3]
