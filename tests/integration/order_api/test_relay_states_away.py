"""Whose turn it is to publish states, and what becomes of them while the broker or a relay is away."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext

import pytest
from sqlalchemy import text

from ordercast.contracts.topics import partition_of
from ordercast.services.order_api.orders.relay_outbox import LEASE_S
from ordercast.services.order_api.states import relay_states
from ordercast.services.order_api.states.relay_states import REOPEN_S, RETRY_S, RelayStates
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.kafka.errors import BrokerUnavailable, KafkaError
from ordercast.services.shared.kafka.memory import MemoryLog
from ordercast.services.shared.kafka.ports import Publisher
from ordercast.services.shared.kafka.records import Record
from tests.integration.order_api.test_relay_states import (
    PARTITIONS,
    compacted,
    drain,
    let_leases_run_out,
    relay,
    waiting,
)
from tests.support.seeds import seed_products


async def test_a_publisher_is_opened_by_who_has_the_lease_alone_and_anew_each_day(sessions: Sessions) -> None:
    """Kafka forgets the fence after a week, unless it is opened anew; and who only stands by must not fence who sends."""
    await seed_products(sessions, ["1"])
    opened: list[str] = []
    log, now = MemoryLog(), 0.0

    def by(owner: str) -> RelayStates:
        def open_publisher() -> AbstractAsyncContextManager[Publisher]:
            opened.append(owner)
            return nullcontext(log)

        return RelayStates(sessions, open_publisher, partitions=PARTITIONS, owner=owner, clock=lambda: now)

    first, second = by("first"), by("second")
    for _ in range(3):
        await first.relay_once()
        await second.relay_once()
    assert opened == ["first"]
    now = REOPEN_S
    await first.relay_once()
    assert opened == ["first", "first"]
    await let_leases_run_out(sessions)
    await second.relay_once()
    await first.relay_once()
    assert opened == ["first", "first", "second"]
    await let_leases_run_out(sessions)
    await first.relay_once()
    await let_leases_run_out(sessions)
    await second.relay_once()  # it did not see that the first one had the lease
    assert opened == ["first", "first", "second", "first", "second"]


async def test_a_broker_that_is_away_is_waited_for_and_another_relay_goes_on(sessions: Sessions) -> None:
    await seed_products(sessions, ["1", "2"])
    log = MemoryLog()
    log.available = False
    stopping = asyncio.Event()
    first = asyncio.create_task(relay(sessions, log).run(stopping))
    async with sessions() as session:
        while not (await session.execute(text("SELECT count(number) FROM state_outbox"))).scalar_one():
            await asyncio.sleep(0.01)
            await session.rollback()
    stopping.set()
    await first
    log.available = True
    second = relay(sessions, log, "relay-1")
    await drain(second)
    assert not compacted(log, "products")  # its lease runs out, for what fails may be the database
    await let_leases_run_out(sessions)
    await drain(second)
    assert len(compacted(log, "products")) == 2


async def test_a_relay_that_stops_in_good_order_lets_another_one_go_on_at_once(sessions: Sessions) -> None:
    await seed_products(sessions, ["1", "2"])
    log, stopping = MemoryLog(), asyncio.Event()
    first = asyncio.create_task(relay(sessions, log).run(stopping))
    while await waiting(sessions):
        await asyncio.sleep(0.01)
    stopping.set()
    await first
    await seed_products(sessions, ["3"], currency="USD")
    await drain(relay(sessions, log, "relay-1"))
    assert len(compacted(log, "products")) == 3


@pytest.mark.parametrize("reason", ["away", "refused"])
async def test_a_relay_whose_every_try_fails_ends_in_the_end_and_keeps_its_leases(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    """A new process has a new client of Kafka."""
    await seed_products(sessions, ["1"])
    log = MemoryLog(lambda _: "too large") if reason == "refused" else MemoryLog()
    log.available = reason == "refused"
    times = iter(range(0, 10_000, 10))
    pauses: list[float] = []

    async def no_pause(_: asyncio.Event, seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(relay_states, "pause", no_pause)
    failing = relay(sessions, log, clock=lambda: float(next(times)))
    with pytest.raises(KafkaError):
        await failing.run(asyncio.Event())
    assert pauses[:4] == [RETRY_S, RETRY_S, LEASE_S + RETRY_S, LEASE_S + RETRY_S]
    async with sessions() as session:
        owners = (await session.execute(text("SELECT DISTINCT owner FROM state_streams"))).scalars().all()
    assert owners == ["relay-0"]


async def test_a_partition_that_fails_does_not_make_the_others_come_again(sessions: Sessions) -> None:
    class OneAway(MemoryLog):
        async def publish(self, topic: str, partition: int, records: Sequence[Record]) -> None:
            if partition == away:
                raise BrokerUnavailable("no leader")
            await super().publish(topic, partition, records)

    products = await seed_products(sessions, [str(price) for price in range(8)])
    log, away = OneAway(), partition_of(products[0], PARTITIONS)
    states = relay(sessions, log)
    with pytest.raises(BrokerUnavailable):
        await states.relay_once()
    assert await waiting(sessions) == 2
    away = -1
    await drain(states)
    keys = sorted(int(r.key or b"") for n in range(PARTITIONS) for r in log.records("products", n))
    assert keys == sorted(products)
