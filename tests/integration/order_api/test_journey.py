"""GET /orders/{order_id}/journey: from the request's trace to the offset in Kafka."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text

from ordercast.contracts.topics import partition_of
from ordercast.services.order_api.orders.relay_outbox import RelayOutbox
from ordercast.services.shared.kafka.publisher import open_publisher
from tests.support.fresh_topics import FreshTopics
from tests.support.order_api import Member, RunningApi

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
async def api(kafka_api: RunningApi) -> RunningApi:
    return kafka_api


@pytest.fixture
async def relay(api: RunningApi, fresh_topics: FreshTopics) -> AsyncIterator[RelayOutbox]:
    async with open_publisher(fresh_topics.bootstrap, client_id="test") as publisher:
        relay = RelayOutbox(api.service.sessions, publisher, partitions=fresh_topics.partitions, owner="relay-0")
        await relay.create_leases()
        await relay.renew_leases()
        yield relay


async def place(api: RunningApi, customer: Member, product: int) -> str:
    headers = customer.headers | {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    body = {"items": [{"product_id": product, "quantity": 2}]}
    answer = await api.client.post("/orders", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def journey(api: RunningApi, reader: Member, order_id: str) -> dict[str, Any]:
    answer = await api.client.get(f"/orders/{order_id}/journey", headers=reader.headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_an_event_waits_in_the_outbox_and_then_lies_in_kafka(
    api: RunningApi, admin: Member, customer: Member, product: int, relay: RelayOutbox, fresh_topics: FreshTopics
) -> None:
    before = [await place(api, customer, product) for _ in range(3)]
    order_id = await place(api, customer, product)
    [waiting] = (await journey(api, admin, order_id))["events"]
    shard = partition_of(customer.id, fresh_topics.partitions)
    assert (waiting["shard"], waiting["number"], waiting["state"]) == (shard, 4, "waiting")
    assert (waiting["type"], waiting["trace_id"], waiting["offset"]) == ("ordercast.order.placed.v1", TRACE, None)
    assert await relay.relay_once() == 4
    await api.client.post(f"/orders/{order_id}/cancel", headers=admin.headers)
    found = await journey(api, admin, order_id)
    placed, cancelled = found["events"]
    assert found["kafka"] is None
    assert (placed["state"], placed["offset"], placed["trace_id"]) == ("published", 3, TRACE)
    assert placed["event_id"] == waiting["event_id"]
    assert placed["committed_at"][:22] == waiting["committed_at"][:22]
    assert (cancelled["number"], cancelled["state"], cancelled["type"]) == (
        5,
        "waiting",
        "ordercast.order.cancelled.v1",
    )
    assert [(await journey(api, admin, one))["events"][0]["offset"] for one in before] == [0, 1, 2]


async def test_one_that_kafka_refused_says_why(
    api: RunningApi, admin: Member, customer: Member, product: int, relay: RelayOutbox
) -> None:
    order_id = await place(api, customer, product)
    async with api.service.sessions() as session, session.begin():
        await session.execute(
            text("""
                INSERT INTO outbox_dead_letters (shard, number, event_id, event_type, account_id, occurred_at, body, traceparent,
                    reason)
                SELECT shard, number, event_id, event_type, account_id, occurred_at, body, traceparent, 'too large' FROM outbox
            """)
        )
    [refused] = (await journey(api, admin, order_id))["events"]
    assert (refused["state"], refused["reason"], refused["trace_id"]) == ("refused", "too large", TRACE)


async def test_customers_may_not_and_an_order_that_is_not_there_is_told(
    api: RunningApi, admin: Member, customer: Member, product: int
) -> None:
    order_id = await place(api, customer, product)
    assert (await api.client.get(f"/orders/{order_id}/journey", headers=customer.headers)).status_code == 403
    answer = await api.client.get(f"/orders/{admin.id:032x}/journey", headers=admin.headers)
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/order-not-found")


async def test_without_kafka_what_the_database_knows_is_told(shared_api: RunningApi) -> None:
    admin, customer = await shared_api.admin(), await shared_api.customer()
    product = int((await shared_api.product(admin))["id"])
    order_id = await place(shared_api, customer, product)
    async with shared_api.service.sessions() as session, session.begin():
        await session.execute(
            text("INSERT INTO outbox_leases (shard, published_number) SELECT shard, last_number FROM outbox_shards")
        )
    found = await journey(shared_api, admin, order_id)
    assert "127.0.0.1:1" in found["kafka"]
    assert (found["events"][0]["state"], found["events"][0]["offset"]) == ("published", None)


async def test_journeys_are_counted_as_each_of_them_reads_kafka(
    api: RunningApi, customer: Member, product: int
) -> None:
    order_id = await place(api, customer, product)
    answer = await api.client.get(f"/orders/{order_id}/journey", headers=customer.headers)
    assert answer.headers["RateLimit-Policy"] == '"journeys";q=60;w=60'
