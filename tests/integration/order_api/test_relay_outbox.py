"""The relay publishes every event once and in order, whoever dies or is held up."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import pytest
from sqlalchemy import text

from ordercast.contracts.envelope import decode
from ordercast.contracts.events import OrderPlaced
from ordercast.services.order_api.errors import LeaseLost, OutboxGap, PartitionsChanged
from ordercast.services.order_api.orders.place_orders import Line, OrderRequest, PlaceOrders
from ordercast.services.order_api.orders.relay_outbox import RelayOutbox, share_of
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.kafka.errors import BrokerUnavailable
from ordercast.services.shared.kafka.memory import MemoryLog
from ordercast.services.shared.kafka.records import Record
from tests.support.seeds import seed_accounts, seed_products

PARTITIONS = 4


async def place(sessions: Sessions, count: int) -> Callable[[], Awaitable[object]]:
    """Places so many orders; calling the answer places them once more."""
    accounts = await seed_accounts(sessions, 5)
    (product,) = await seed_products(sessions, ["1"])
    requests = [OrderRequest(accounts[number % 5], [Line(product, 1)]) for number in range(count)]
    again = partial(PlaceOrders(sessions, partitions=PARTITIONS), requests)
    await again()
    return again


def relay(sessions: Sessions, log: MemoryLog, owner: str = "relay-0") -> RelayOutbox:
    return RelayOutbox(sessions, log, partitions=PARTITIONS, owner=owner)


class HeldUp(MemoryLog):
    """Acknowledges nothing before something else has happened, once."""

    def __init__(self, meanwhile: Callable[[], Awaitable[object]]) -> None:
        super().__init__()
        self._meanwhile = meanwhile
        self._happened = False
        self._happening = asyncio.Lock()

    async def publish(self, topic: str, partition: int, records: Sequence[Record]) -> None:
        await super().publish(topic, partition, records)
        async with self._happening:
            if not self._happened:
                self._happened = True
                await self._meanwhile()


async def let_run_out(sessions: Sessions, owner: str) -> None:
    """As if the relay had not been heard of for longer than its lease."""
    async with sessions() as session, session.begin():
        for statement in (
            "UPDATE outbox_leases SET leased_until = now() WHERE owner = :owner",
            "UPDATE outbox_relays SET alive_until = now() WHERE owner = :owner",
        ):
            await session.execute(text(statement), {"owner": owner})


async def shared_out(*relays: RelayOutbox) -> list[list[int]]:
    """What each holds after every one of them has looked at the others twice: once to give, once to take."""
    for one in relays:
        await one.renew_leases()
    return [await one.renew_leases() for one in relays]


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
    assert await one.renew_leases() == [0, 1, 2, 3]
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
    await one.renew_leases()
    log.available = False
    with pytest.raises(BrokerUnavailable):
        await one.relay_once()
    assert await waiting(sessions) == 10
    log.available = True
    restarted = relay(sessions, log)
    await restarted.renew_leases()
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
    await dying.renew_leases()
    with pytest.raises(BrokerUnavailable):
        await dying.relay_once()
    first = published(log)
    whole = MemoryLog()
    restarted = relay(sessions, whole)
    await restarted.renew_leases()
    await restarted.relay_once()
    assert published(whole) == first


async def test_relays_that_come_and_go_share_all_shards_evenly(sessions: Sessions) -> None:
    log = MemoryLog()
    a, b, c = relays = [relay(sessions, log, owner) for owner in ("a", "b", "c")]
    await a.create_leases()
    assert await a.renew_leases() == [0, 1, 2, 3]
    held = await shared_out(*relays)
    assert [len(shards) for shards in held] == [2, 1, 1]
    assert sorted(itertools.chain(*held)) == [0, 1, 2, 3]
    assert await shared_out(*relays) == held  # and then nothing moves any more
    await b.leave()
    held = await shared_out(a, c)
    assert [len(shards) for shards in held] == [2, 2]
    assert sorted(itertools.chain(*held)) == [0, 1, 2, 3]


async def test_a_relay_that_is_gone_without_a_word_has_no_share_when_its_lease_has_run_out(sessions: Sessions) -> None:
    log = MemoryLog()
    a, b = relay(sessions, log, "a"), relay(sessions, log, "b")
    await a.create_leases()
    assert [len(shards) for shards in await shared_out(a, b)] == [2, 2]
    await let_run_out(sessions, "b")
    assert await a.renew_leases() == [0, 1, 2, 3]


async def test_more_relays_than_shards_leave_some_idle_and_no_shard_alone(sessions: Sessions) -> None:
    await place(sessions, 12)
    log = MemoryLog()
    relays = [relay(sessions, log, f"relay-{number}") for number in range(PARTITIONS + 2)]
    await relays[0].create_leases()
    held = await shared_out(*relays)
    assert sorted(map(len, held)) == [0, 0, 1, 1, 1, 1]
    assert sum([await one.relay_once() for one in relays]) == 12
    assert await waiting(sessions) == 0


async def test_two_relays_under_one_name_never_set_the_published_number_back(sessions: Sessions) -> None:
    """A mistake of an operator: the slower one would stop its shard for good, whose events have left the outbox."""
    place_again = await place(sessions, 4)
    log = MemoryLog()
    quick = relay(sessions, log, "same-name")
    await quick.create_leases()
    await quick.renew_leases()

    async def overtake() -> None:
        await quick.relay_once()
        await place_again()
        await quick.relay_once()

    slow = relay(sessions, HeldUp(overtake), "same-name")
    with pytest.raises(LeaseLost, match="same-name"):
        await slow.relay_once()
    await place_again()
    assert await quick.relay_once() == 4
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in published(log).values())


@pytest.mark.parametrize("shards", [1, 3, 8, 64])
@pytest.mark.parametrize("relays", [1, 2, 3, 7, 9])
def test_shares_differ_by_one_at_most_and_leave_no_shard_out(shards: int, relays: int) -> None:
    alive = [f"relay-{number}" for number in range(relays)]
    shares = [share_of(owner, alive, shards) for owner in alive]
    assert sum(shares) == shards
    assert max(shares) - min(shares) <= 1


async def test_a_lease_that_ran_out_goes_to_another_relay_and_the_late_one_notices(sessions: Sessions) -> None:
    await place(sessions, 4)
    log = MemoryLog()
    late, other = relay(sessions, log, "late"), relay(sessions, log, "other")
    await late.create_leases()
    await late.renew_leases()

    async def take_over() -> None:
        await let_run_out(sessions, "late")
        await other.renew_leases()

    held_up = relay(sessions, HeldUp(take_over), "late")
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
    await one.renew_leases()
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
    assert await relay(sessions, log, "b").renew_leases() == [0, 1, 2, 3]
