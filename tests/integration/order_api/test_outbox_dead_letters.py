"""An event that Kafka refuses for good does not stop its shard: its number goes out without it, and it waits for a retry."""

import asyncio
import json
import os
import sys
from collections.abc import Sequence

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from ordercast.contracts.envelope import Envelope, decode
from ordercast.contracts.events import OrderPlaced, OrderUnpublishable
from ordercast.services.order_api.errors import TooManyDeadLetters, UnknownDeadLetter
from ordercast.services.order_api.orders import outbox_dead_letters, relay_outbox
from ordercast.services.order_api.orders.change_order import CancelRequest, ChangeOrder
from ordercast.services.order_api.orders.outbox_dead_letters import (
    DeadLetter,
    discard_dead_letters,
    read_dead_letters,
    retry_dead_letters,
)
from ordercast.services.order_api.orders.place_orders import Line, OrderRequest, PlaceOrders
from ordercast.services.order_api.orders.relay_outbox import RelayOutbox
from ordercast.services.order_api.orders.watch_backlog import measure_backlog
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.http.caller import Caller
from ordercast.services.shared.kafka.dead_letter_limits import Limits
from ordercast.services.shared.kafka.errors import RecordRefused
from ordercast.services.shared.kafka.memory import MemoryLog
from ordercast.services.shared.kafka.records import Record
from ordercast.services.shared.kafka.topics import create_topics
from ordercast.verify import verify
from tests.support.alter_topic import AN_HOUR_AHEAD, alter_topic
from tests.support.flow import count_all, relay_all
from tests.support.fresh_topics import FreshTopics
from tests.support.seeds import seed_accounts, seed_products

PARTITIONS = 4


async def place(sessions: Sessions, quantities: Sequence[int], partitions: int = PARTITIONS) -> int:
    """Orders of one account, one for each quantity; its shard."""
    (account,) = await seed_accounts(sessions, 1)
    (product,) = await seed_products(sessions, ["1"])
    for quantity in quantities:
        await PlaceOrders(sessions, partitions=partitions)([OrderRequest(account, [Line(product, quantity)])])
    return account % partitions


def refuses(*quantities: int) -> MemoryLog:
    """A broker that takes no order of such a quantity."""
    marks = [f'"quantity":{quantity},'.encode() for quantity in quantities]
    return MemoryLog(lambda record: "TOO_UGLY" if any(mark in (record.value or b"") for mark in marks) else None)


async def waiting(sessions: Sessions) -> list[DeadLetter]:
    return [dead_letter async for dead_letter in read_dead_letters(sessions)]


async def retry(sessions: Sessions, ids: Sequence[str] | None = None) -> list[str]:
    return [id_ async for chunk in retry_dead_letters(sessions, ids) for id_ in chunk]


async def relay(sessions: Sessions, log: MemoryLog, limits: Limits | None = None) -> None:
    one = RelayOutbox(sessions, log, partitions=PARTITIONS, owner="relay", limits=limits)
    await one.create_leases()
    await one.renew_leases()
    while await one.relay_once():
        pass


def published(log: MemoryLog, shard: int) -> list[Envelope]:
    return [decode(record.headers, record.value) for record in log.records("orders", shard)]


def told(envelopes: Sequence[Envelope]) -> list[object]:
    """The quantity of each order, or what stands in for it."""
    return [
        envelope.event.items[0].quantity if isinstance(envelope.event, OrderPlaced) else type(envelope.event)
        for envelope in envelopes
    ]


@pytest.mark.parametrize("bad", [{1}, {4}, {8}, {3, 4}, {1, 2, 3, 4, 5, 6, 7, 8}], ids=str)
async def test_only_the_refused_events_stay_behind_and_their_numbers_go_out(sessions: Sessions, bad: set[int]) -> None:
    shard = await place(sessions, range(1, 9))
    log = refuses(*bad)
    await relay(sessions, log)
    envelopes = published(log, shard)
    assert told(envelopes) == [OrderUnpublishable if n in bad else n for n in range(1, 9)]
    assert [envelope.sequence.number for envelope in envelopes if envelope.sequence] == list(range(1, 9))
    dead_letters = await waiting(sessions)
    assert [dead_letter.id for dead_letter in dead_letters] == [f"{shard}:{number}" for number in sorted(bad)]
    stand_in = next(envelope for envelope in envelopes if isinstance(envelope.event, OrderUnpublishable))
    assert isinstance(stand_in.event, OrderUnpublishable)
    assert stand_in.event.reason == dead_letters[0].reason == "TOO_UGLY"
    assert stand_in.event.order_id == stand_in.event.event_id == dead_letters[0].event_id
    assert stand_in.id != dead_letters[0].event_id
    await measure_backlog(sessions)
    assert REGISTRY.get_sample_value("ordercast_outbox_dead_letters_events") == len(bad)


async def test_a_retry_publishes_the_event_again_under_a_new_number_and_only_once(sessions: Sessions) -> None:
    shard = await place(sessions, [1, 2, 3])
    log = refuses(2)
    await relay(sessions, log)
    (dead_letter,) = await waiting(sessions)
    with pytest.raises(UnknownDeadLetter, match="9:9"):
        await retry(sessions, [dead_letter.id, "9:9"])
    log.refuses = lambda _: None
    outcomes = await asyncio.gather(*[retry(sessions, [dead_letter.id]) for _ in range(3)], return_exceptions=True)
    # Too late is either an unknown id, or to find that somebody else just did it.
    assert [outcome for outcome in outcomes if outcome and isinstance(outcome, list)] == [[dead_letter.id]]
    assert await retry(sessions) == []
    await relay(sessions, log)
    assert told(published(log, shard)) == [1, OrderUnpublishable, 3, 2]
    again = published(log, shard)[-1]
    assert (again.id, again.sequence and again.sequence.number) == (dead_letter.event_id, 4)
    assert await waiting(sessions) == []


async def test_an_event_that_is_refused_again_waits_again(sessions: Sessions) -> None:
    shard = await place(sessions, [1, 2])
    log = refuses(1)
    await relay(sessions, log)
    await retry(sessions)
    await relay(sessions, log)
    assert told(published(log, shard)) == [OrderUnpublishable, 2, OrderUnpublishable]
    assert [dead_letter.id for dead_letter in await waiting(sessions)] == [f"{shard}:3"]


async def test_a_search_longer_than_the_lease_keeps_the_shard_and_ends(sessions: Sessions) -> None:
    """Each request takes 8 s, and another relay looks for shards to claim during each: the lease lasts for one round at a time."""
    shard = await place(sessions, range(1, 33))
    sizes: list[int] = []

    class Slow(MemoryLog):
        async def publish(self, topic: str, partition: int, records: Sequence[Record]) -> None:
            sizes.append(len(records))
            async with sessions() as session, session.begin():
                for aged in (
                    "UPDATE outbox_leases SET leased_until = leased_until - interval '8 s' WHERE owner = 'slow'",
                    "UPDATE outbox_relays SET alive_until = alive_until - interval '8 s' WHERE owner = 'slow'",
                ):
                    await session.execute(text(aged))
            assert shard not in await other.renew_leases()
            await super().publish(topic, partition, records)

    log = Slow(refuses(21).refuses)
    slow, other = [RelayOutbox(sessions, log, partitions=PARTITIONS, owner=owner) for owner in ("slow", "quick")]
    await slow.create_leases()
    await slow.renew_leases()
    while await slow.relay_once():
        assert shard in await slow.renew_leases()
    assert told(published(log, shard)) == [OrderUnpublishable if n == 21 else n for n in range(1, 33)]
    # All, then half of what the event must be in until it stands alone, then its stand-in and the rest.
    assert sizes == [32, 16, 8, 4, 2, 1, 12]


async def test_while_a_shard_is_searched_the_others_go_on(sessions: Sessions) -> None:
    accounts = await seed_accounts(sessions, 2)
    (product,) = await seed_products(sessions, ["1"])
    requests = [OrderRequest(accounts[0], [Line(product, quantity)]) for quantity in range(1, 17)]
    requests += [OrderRequest(accounts[1], [Line(product, 100)])]
    await PlaceOrders(sessions, partitions=PARTITIONS)(requests)
    log = refuses(9)
    one = RelayOutbox(sessions, log, partitions=PARTITIONS, owner="relay")
    await one.create_leases()
    await one.renew_leases()
    await one.relay_once()
    assert published(log, accounts[0] % PARTITIONS) == []
    assert told(published(log, accounts[1] % PARTITIONS)) == [100]


async def test_a_topic_that_takes_nothing_is_no_fault_of_the_events(sessions: Sessions) -> None:
    await place(sessions, range(1, 9))
    log = MemoryLog(lambda _: "POLICY")
    with pytest.raises(RecordRefused, match="POLICY"):
        await relay(sessions, log)
    assert len(await waiting(sessions)) == 1
    with pytest.raises(RecordRefused, match="POLICY"):
        await relay(sessions, log)
    assert len(await waiting(sessions)) == 1


@pytest.mark.parametrize(
    ("bad", "limits", "passed"),
    [
        ({2, 4, 5, 7, 8, 9, 10}, Limits(in_a_row=3, ratio=1), {2, 4, 5, 7, 8, 9}),
        ({2, 4, 6, 8}, Limits(in_a_row=3, ratio=0.002), {2, 4}),
    ],
    ids=["in a row", "of the last ones"],
)
async def test_a_topic_that_refuses_too_many_ends_the_relay_until_it_is_put_right(
    sessions: Sessions, bad: set[int], limits: Limits, passed: set[int]
) -> None:
    """Too tight for orders, but not for what stands in for them: otherwise all of them would be set aside."""
    shard = await place(sessions, range(1, 12))
    log = refuses(*bad)
    for _ in range(2):  # a new start passes no more of them
        with pytest.raises(TooManyDeadLetters, match="TOO_UGLY"):
            await relay(sessions, log, limits)
        assert [dead_letter.id for dead_letter in await waiting(sessions)] == [f"{shard}:{n}" for n in sorted(passed)]
    log.refuses = lambda _: None
    await relay(sessions, log, limits)
    assert told(published(log, shard)) == [OrderUnpublishable if n in passed else n for n in range(1, 12)]


async def test_what_lies_before_the_last_events_is_forgotten(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_dead_letters, "WINDOW", 5)
    shard = await place(sessions, range(1, 8))
    log = refuses(1, 2, 6)
    await relay(sessions, log, Limits(in_a_row=3, ratio=0.4))
    assert told(published(log, shard)) == [OrderUnpublishable if n in {1, 2, 6} else n for n in range(1, 8)]


@pytest.mark.parametrize(
    ("events", "body_bytes", "sizes"), [(3, 10**9, [3, 3, 2]), (500, 1, [1] * 8), (500, 10**9, [8])], ids=str
)
async def test_a_retry_of_all_is_many_short_transactions(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch, events: int, body_bytes: int, sizes: list[int]
) -> None:
    monkeypatch.setattr(outbox_dead_letters, "RETRY_EVENTS", events)
    monkeypatch.setattr(outbox_dead_letters, "RETRY_BYTES", body_bytes)
    shard = await place(sessions, range(1, 9))
    log = refuses(*range(1, 9))
    await relay(sessions, log)
    log.refuses = lambda _: None
    found: list[int] = []
    async for chunk in retry_dead_letters(sessions, None):
        found.append(len(chunk))
        await relay(sessions, log)  # what was yielded is committed
        assert len(published(log, shard)) == 8 + sum(found)
    assert found == sizes
    assert told(published(log, shard))[8:] == list(range(1, 9))


async def test_what_is_discarded_is_neither_retried_with_all_nor_counted_nor_expected(
    sessions: Sessions, database_url: str
) -> None:
    shard = await place(sessions, range(1, 4))
    log = refuses(1, 2, 3)
    await relay(sessions, log)
    first, second, third = [dead_letter.id for dead_letter in await waiting(sessions)]
    assert json.loads(await program(database_url, "outbox-discard", first, second)) == [first, second]
    assert json.loads(await program(database_url, "outbox-discard", second)) == []
    with pytest.raises(UnknownDeadLetter, match="0:99"):
        [_ async for _ in discard_dead_letters(sessions, [third, "0:99"])]
    discarded = {dead_letter.id for dead_letter in await waiting(sessions) if dead_letter.discarded_at}
    assert discarded == {first, second}
    await measure_backlog(sessions)
    assert REGISTRY.get_sample_value("ordercast_outbox_dead_letters_events") == 1
    log.refuses = lambda _: None
    assert await retry(sessions) == [third]
    assert await retry(sessions, [second]) == [second]
    await relay(sessions, log)
    assert told(published(log, shard))[3:] == [3, 2]


async def test_a_relay_that_dies_after_a_refusal_can_only_repeat_the_stand_in(sessions: Sessions) -> None:
    """Even if the broker takes the event by then: consumers may know the number of the stand-in already."""
    shard = await place(sessions, [1])
    log = refuses(1)
    one = RelayOutbox(sessions, log, partitions=PARTITIONS, owner="relay")
    await one.create_leases()
    await one.renew_leases()
    await one.relay_once()
    assert log.records("orders", shard) == []
    log.refuses = lambda _: None
    await relay(sessions, log)
    assert told(published(log, shard)) == [OrderUnpublishable]


async def test_large_orders_are_read_and_published_a_few_at_a_time(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """500 orders of 2,000 items are 90 MB for each shard: a relay that dies of it would die again."""
    shard = await place(sessions, range(1, 9))
    monkeypatch.setattr(relay_outbox, "BATCH_BYTES", 600)
    sizes: list[int] = []

    class Measured(MemoryLog):
        async def publish(self, topic: str, partition: int, records: Sequence[Record]) -> None:
            sizes.append(sum(len(record.value or b"") for record in records))
            await super().publish(topic, partition, records)

    log = Measured()
    await relay(sessions, log)
    assert told(published(log, shard)) == list(range(1, 9))
    assert len(sizes) > 1
    assert max(sizes) < 1_000


async def test_on_a_real_broker_the_shard_goes_on_and_verify_tells_the_truth(
    sessions: Sessions, database_url: str, fresh_topics: FreshTopics
) -> None:
    """The case that was seen: a timestamp nine hours ahead, on a topic that takes one hour.

    Of the second order the event is refused, of two returns of the third one the last.
    """
    await place(sessions, [5, 7, 11], fresh_topics.partitions)
    change = ChangeOrder(sessions, partitions=fresh_topics.partitions)
    async with sessions() as session:
        order = (await session.execute(text("SELECT order_id FROM order_items WHERE quantity = 11"))).scalar_one()
    for quantity in (4, 2):
        await change.cancel(Caller(1, "ADMIN", for_all=True), CancelRequest(order, {1: quantity}))
    async with sessions() as session, session.begin():
        ahead = "UPDATE outbox SET committed_at = now() + interval '9 hours' WHERE number IN (2, 5)"
        await session.execute(text(ahead))
    await alter_topic(fresh_topics.bootstrap, "orders", AN_HOUR_AHEAD)
    await relay_all(sessions, fresh_topics)
    await count_all(sessions, fresh_topics)
    assert await total(sessions) == (16, 4)
    dead_letters = await waiting(sessions)
    assert [dead_letter.reason.partition(":")[0] for dead_letter in dead_letters] == ["INVALID_TIMESTAMP"] * 2
    assert (await verify(database_url, fresh_topics.bootstrap)).difference_count == 0

    await create_topics(fresh_topics.bootstrap, fresh_topics.partitions)
    listed = [json.loads(line) for line in (await program(database_url, "outbox-list")).splitlines()]
    ids = [dead_letter.id for dead_letter in dead_letters]
    assert [found["id"] for found in listed] == ids
    assert json.loads(await program(database_url, "outbox-retry", *ids)) == ids
    await relay_all(sessions, fresh_topics)
    await count_all(sessions, fresh_topics)
    assert await total(sessions) == (23, 6)
    assert (await verify(database_url, fresh_topics.bootstrap)).difference_count == 0


async def total(sessions: Sessions) -> tuple[int, int]:
    """Pieces that were ordered, and that were taken back."""
    async with sessions() as session:
        row = (await session.execute(text("SELECT total_quantity, cancelled_quantity FROM feature_rows"))).one()
        return row.total_quantity, row.cancelled_quantity


async def program(database_url: str, *arguments: str) -> bytes:
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "ordercast.services.order_api", *arguments),
        env={**os.environ, "ORDERCAST_DATABASE_URL": database_url},
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await child.communicate()
    assert child.returncode == 0
    return output
