"""Who reads the events of products and accounts knows what the tables hold, whatever happens on the way."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from ordercast.contracts.envelope import Envelope, decode
from ordercast.contracts.events import AccountChanged, AccountCreated, OrderPlaced, ProductChanged, ProductCreated
from ordercast.contracts.topics import partition_of
from ordercast.services.order_api.orders.relay_outbox import RelayOutbox
from ordercast.services.order_api.states.relay_states import FENCE, RelayStates
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.kafka.errors import BrokerUnavailable
from ordercast.services.shared.kafka.memory import MemoryLog
from ordercast.services.shared.kafka.ports import Publisher
from ordercast.services.shared.kafka.publisher import open_publisher
from ordercast.services.shared.kafka.records import Record
from ordercast.services.shared.process.background import running_beside
from ordercast.testing.events import read_events
from tests.support.fresh_topics import FreshTopics
from tests.support.order_api import PASSWORD, RunningApi
from tests.support.seeds import seed_accounts, seed_products

PARTITIONS = 4
STATES = ("products", "accounts")


class Broken(MemoryLog):
    """Fails as often as it is told to, before or after the records have arrived, or with records that a publisher still holds and
    sends at any later time. A partition takes nothing from a publisher that was opened before another one that has written to it.
    """

    def __init__(self, chance: random.Random, share: float) -> None:
        super().__init__()
        self._chance, self._share, self.held_share = chance, share, share
        self._openings = 0
        self._fences: dict[tuple[str, int], int] = {}
        self._held: list[tuple[int, str, int, Sequence[Record]]] = []

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Publisher]:
        self._openings += 1
        yield OneOpening(self, self._openings)

    async def write(self, opening: int, topic: str, partition: int, records: Sequence[Record]) -> None:
        if self._chance.random() < self._share:
            raise BrokerUnavailable("before")
        if self._chance.random() < self.held_share:
            self._held.append((opening, topic, partition, records))
            raise BrokerUnavailable("held")
        await self._append(opening, topic, partition, records)
        if self._chance.random() < self._share:
            raise BrokerUnavailable("after")

    async def let_go(self) -> None:
        """Sends, in any order, what publishers held."""
        self._chance.shuffle(self._held)
        while self._held:
            with suppress(BrokerUnavailable):
                await self._append(*self._held.pop())

    async def _append(self, opening: int, topic: str, partition: int, records: Sequence[Record]) -> None:
        if self._fences.get((topic, partition), 0) > opening:
            raise BrokerUnavailable("fenced")
        self._fences[topic, partition] = opening
        await self.publish(topic, partition, records)


@dataclass(frozen=True)
class OneOpening:
    log: Broken
    opening: int

    async def publish(self, topic: str, partition: int, records: Sequence[Record]) -> None:
        await self.log.write(self.opening, topic, partition, records)

    async def ask_broker(self) -> None: ...


def relay(sessions: Sessions, log: MemoryLog, owner: str = "relay-0", **others: Any) -> RelayStates:
    opened = log.opened if isinstance(log, Broken) else lambda: nullcontext(log)
    return RelayStates(sessions, opened, partitions=PARTITIONS, owner=owner, **others)


async def drain(states: RelayStates) -> None:
    while True:
        try:
            if not await states.relay_once():
                return
        except BrokerUnavailable:
            continue


def events(log: MemoryLog, topic: str) -> dict[int, list[Envelope]]:
    """Each number once, by partition, as a reader that goes by the numbers sees them."""
    seen: dict[int, list[Envelope]] = {}
    for partition in range(PARTITIONS):
        for record in log.records(topic, partition):
            envelope = decode(record.headers, record.value)
            known = seen.setdefault(partition, [])
            assert envelope.sequence is not None
            assert (envelope.sequence.producer, envelope.sequence.numbering) == (f"states:{topic}", "rising")
            assert partition_of(int(record.key or b""), PARTITIONS) == partition
            if envelope.sequence.number <= len(known):
                assert known[envelope.sequence.number - 1] == envelope  # a repeat says the same
            else:
                assert envelope.sequence.number == len(known) + 1
                known.append(envelope)
    return seen


def compacted(log: MemoryLog, topic: str) -> dict[int, dict[str, Any]]:
    """What a compacted topic still has: the last record of each key, without its time."""
    last = {
        int(record.key or b""): json.loads(record.value or b"null")
        for partition in range(PARTITIONS)
        for record in log.records(topic, partition)
    }
    return {key: {name: body[name] for name in body if not name.endswith("_at")} for key, body in last.items()}


async def in_tables(sessions: Sessions) -> dict[str, dict[int, dict[str, Any]]]:
    queries = {
        "products": "SELECT id AS product_id, sku, name, price::text, currency, active FROM products",
        "accounts": "SELECT id AS account_id, CASE WHEN login_type = 'PASSWORD' THEN nickname END AS nickname FROM accounts",
    }
    async with sessions() as session:
        found = {topic: (await session.execute(text(query))).mappings().all() for topic, query in queries.items()}
    return {topic: {next(iter(row.values())): dict(row) for row in rows} for topic, rows in found.items()}


async def waiting(sessions: Sessions) -> int:
    async with sessions() as session:
        return int((await session.execute(text("SELECT count(*) FROM state_outbox"))).scalar_one())


async def let_leases_run_out(sessions: Sessions) -> None:
    async with sessions() as session, session.begin():
        await session.execute(text("UPDATE state_streams SET leased_until = now() - interval '1 s'"))


async def set_price(sessions: Sessions, price: int) -> None:
    async with sessions() as session, session.begin():
        await session.execute(text("UPDATE products SET price = :price"), {"price": price})


@pytest.mark.parametrize("seed", range(3))
async def test_the_last_event_of_each_key_is_its_row_whatever_happens_on_the_way(api: RunningApi, seed: int) -> None:
    chance, sessions, admin = random.Random(seed), api.service.sessions, await api.admin()
    log = Broken(chance, 0.3)
    relays = [relay(sessions, log, f"relay-{number}") for number in range(2)]
    products = [(await api.product(admin))["id"] for _ in range(5)]
    for _ in range(25):
        act = chance.choice(
            ["change", "same", "import", "missing", "sign-up", "erase", "relay", "relay", "other", "let-go"]
        )
        product, price = chance.choice(products), f"{chance.randrange(100)}.5"
        if act == "change":
            change = {"price": price, "active": chance.random() < 0.5}
            await api.client.patch(f"/products/{product}", json=change, headers=admin.headers)
        elif act == "same":
            await api.client.patch(f"/products/{product}", json={"currency": "EUR"}, headers=admin.headers)
        elif act == "import":
            skus = {f"SKU-{chance.randrange(9)}": price for _ in range(4)}
            lines = [{"sku": sku, "name": "N", "price": price, "currency": "EUR"} for sku in skus]
            body = "\n".join(map(json.dumps, lines))
            answer = await api.client.post(
                "/products/import", content=body, headers=admin.headers | {"content-type": "application/x-ndjson"}
            )
            assert answer.status_code == 200, answer.text
        elif act == "missing":
            items = [{"sku": f"NEW-{chance.randrange(5)}", "quantity": 1, "unit_price": price}]
            line = {
                "account_ref": f"ref-{chance.randrange(5)}",
                "order_ref": str(chance.random()),
                "items": items,
                "occurred_at": "2026-01-02T00:00:00Z",
                "currency": "EUR",
            }
            answer = await api.client.post(
                "/orders/import?create_missing=true",
                content=json.dumps(line),
                headers=admin.headers | {"content-type": "application/x-ndjson"},
            )
            assert answer.status_code == 200, answer.text
        elif act == "sign-up":
            await api.customer()
        elif act == "erase":
            person = await api.customer()
            answer = await api.client.post(
                f"/accounts/{person.id}/erasure", json={"password": PASSWORD}, headers=person.headers
            )
            assert answer.status_code == 200, answer.text
        elif act == "other":  # as if the lease had run out
            await let_leases_run_out(sessions)
        elif act == "let-go":
            await log.let_go()
        else:  # one alone: the other one is suspended, and does not see who has the lease meanwhile
            with suppress(BrokerUnavailable):
                await chance.choice(relays).relay_once()
    await drain(relays[0])
    await drain(relays[1])
    await log.let_go()
    assert await waiting(sessions) == 0
    for topic, rows in (await in_tables(sessions)).items():
        assert compacted(log, topic) == rows
        for stream in events(log, topic).values():
            created = [event for event in stream if event.type.endswith("created.v1")]
            keys = [next(iter(msgspec.structs.asdict(event.event).values())) for event in created]
            assert len(keys) == len(set(keys))  # once for each


async def test_what_another_relay_holds_is_refused_once_the_lease_is_back(sessions: Sessions) -> None:
    """Its publisher is the newer one, and has written nothing yet that would fence those before."""
    log = Broken(random.Random(0), 0)
    first, second = relay(sessions, log, "relay-0"), relay(sessions, log, "relay-1")
    await seed_products(sessions, ["1"])
    await drain(first)
    await set_price(sessions, 2)
    await let_leases_run_out(sessions)
    log.held_share = 1
    with pytest.raises(BrokerUnavailable):
        await second.relay_once()
    log.held_share = 0
    await let_leases_run_out(sessions)
    await drain(first)  # it was suspended, and did not see that the other one had the lease
    await set_price(sessions, 3)
    await drain(first)
    await log.let_go()
    assert compacted(log, "products") == (await in_tables(sessions))["products"]


async def test_a_change_has_one_event_with_all_that_the_product_is_and_what_changes_nothing_has_none(
    api: RunningApi,
) -> None:
    admin, log = await api.admin(), MemoryLog()
    product = await api.product(admin, sku="CUP", name="A cup", price="2.50")
    path = f"/products/{product['id']}"
    await api.client.patch(path, json={"name": "A cup"}, headers=admin.headers)
    changed = (await api.client.patch(path, json={"price": "3"}, headers=admin.headers)).json()
    await drain(relay(api.service.sessions, log))
    (stream,) = [stream for stream in events(log, "products").values() if stream]
    first, second = (envelope.event for envelope in stream)
    assert isinstance(first, ProductCreated)
    assert isinstance(second, ProductChanged)
    assert (first.product_id, first.sku, first.name, first.price) == (product["id"], "CUP", "A cup", Decimal("2.5000"))
    assert (second.sku, second.price, second.currency, second.active) == ("CUP", Decimal("3.0000"), "EUR", True)
    assert abs((second.changed_at.timestamp()) - stream[1].time.timestamp()) == 0
    assert changed["price"] == "3.00"


async def test_a_rollback_leaves_no_event(sessions: Sessions) -> None:
    async with sessions() as session:
        await session.execute(text("INSERT INTO products (sku, name, price, currency) VALUES ('s', 'n', 1, 'EUR')"))
        await session.rollback()
    assert await waiting(sessions) == 0


async def test_an_erasure_reaches_the_topic_and_takes_the_name_out_of_what_is_on_its_way(api: RunningApi) -> None:
    await api.admin()
    ann, ben, log = await api.customer(), await api.customer(), MemoryLog()
    states = relay(api.service.sessions, log)
    await drain(states)
    assert compacted(log, "accounts")[ann.id]["nickname"] == ann.nickname
    cid = await api.customer()
    for person in (ann, cid):
        path = f"/accounts/{person.id}/erasure"
        answer = await api.client.post(path, json={"password": PASSWORD}, headers=person.headers)
        assert answer.status_code == 200, answer.text
    await drain(states)
    state = compacted(log, "accounts")
    assert [state[person.id]["nickname"] for person in (ann, ben, cid)] == [None, ben.nickname, None]
    stream = [envelope.event for envelope in events(log, "accounts")[partition_of(ann.id, PARTITIONS)]]
    of_ann = [event for event in stream if getattr(event, "account_id", None) == ann.id]
    assert [type(event) for event in of_ann] == [AccountCreated, AccountChanged]
    everything = b"".join(r.value or b"" for n in range(PARTITIONS) for r in log.records("accounts", n))
    assert cid.nickname.encode() not in everything


async def test_no_address_gets_into_a_topic_by_an_import(api: RunningApi) -> None:
    """An import's account is called as the shop refers to it."""
    admin, log = await api.admin(), MemoryLog()
    line = {
        "account_ref": "ann@example.com",
        "order_ref": "1",
        "items": [{"sku": "CUP", "quantity": 1, "unit_price": "2.50"}],
        "occurred_at": "2026-01-02T00:00:00Z",
        "currency": "EUR",
    }
    answer = await api.client.post(
        "/orders/import?create_missing=true",
        content=json.dumps(line),
        headers=admin.headers | {"content-type": "application/x-ndjson"},
    )
    assert answer.status_code == 200, answer.text
    async with api.service.sessions() as session, session.begin():
        imported = (
            await session.execute(
                text("UPDATE accounts SET nickname = 'ann2@example.com' WHERE account_ref IS NOT NULL RETURNING id")
            )
        ).scalar_one()
    await drain(relay(api.service.sessions, log))
    assert compacted(log, "accounts")[imported] == {"account_id": imported, "nickname": None}
    values = [record.value or b"" for topic in STATES for n in range(PARTITIONS) for record in log.records(topic, n)]
    assert b"@" not in b"".join(values)


async def test_a_consumer_of_orders_builds_names_and_prices_from_events_alone(
    kafka_api: RunningApi, fresh_topics: FreshTopics
) -> None:
    api, sessions = kafka_api, kafka_api.service.sessions
    admin, ann = await api.admin(), await api.customer()
    cups = await api.product(admin, sku="CUP", name="A cup", price="2.50")
    pots = await api.product(admin, sku="POT", name="A pot", price="20")
    items = [{"product_id": cups["id"], "quantity": 3}, {"product_id": pots["id"], "quantity": 1}]
    answer = await api.client.post("/orders", json={"items": items}, headers=ann.headers)
    assert answer.status_code == 201, answer.text
    await api.client.patch(f"/products/{cups['id']}", json={"name": "A red cup"}, headers=admin.headers)
    async with open_publisher(fresh_topics.bootstrap, client_id="test") as publisher:
        arguments: Any = {"partitions": fresh_topics.partitions, "owner": "relay-0"}
        orders = RelayOutbox(sessions, publisher, **arguments)
        await orders.create_leases()
        await orders.renew_leases()
        while await orders.relay_once():
            pass
    fenced = partial(open_publisher, fresh_topics.bootstrap, client_id="test", fence=FENCE)
    async with running_beside(RelayStates(sessions, fenced, **arguments).run, name="states"):
        while await waiting(sessions):
            await asyncio.sleep(0.01)
    read = {topic: await read_events(fresh_topics.bootstrap, topic, account_id=None) for topic in ("orders", *STATES)}
    known = {
        e.event.product_id: e.event for e in read["products"] if isinstance(e.event, ProductCreated | ProductChanged)
    }
    names = {
        e.event.account_id: e.event.nickname
        for e in read["accounts"]
        if isinstance(e.event, AccountCreated | AccountChanged)
    }
    (order,) = [e.event for e in read["orders"] if isinstance(e.event, OrderPlaced)]
    assert names[order.account_id] == ann.nickname
    assert [(known[item.product_id].name, item.quantity, item.unit_price) for item in order.items] == [
        ("A red cup", 3, Decimal("2.5000")),
        ("A pot", 1, Decimal("20.0000")),
    ]
    assert known[pots["id"]].price == Decimal(20)


async def test_many_changes_leave_no_row_behind_and_keep_their_order(sessions: Sessions) -> None:
    log = MemoryLog()
    await seed_accounts(sessions, 3)
    async with sessions() as session, session.begin():
        await session.execute(
            text(
                "INSERT INTO products (sku, name, price, currency) SELECT 's' || n, 'n', n, 'EUR' FROM generate_series(1, 2500) n"
            )
        )
    for price in range(3):
        async with sessions() as session, session.begin():
            await session.execute(text("UPDATE products SET price = :price WHERE id % 5 = 0"), {"price": price})
    await drain(relay(sessions, log))
    assert await waiting(sessions) == 0
    rows = await in_tables(sessions)
    assert compacted(log, "products") == rows["products"]
    assert sum(len(stream) for stream in events(log, "products").values()) == 2500 + 3 * 500
