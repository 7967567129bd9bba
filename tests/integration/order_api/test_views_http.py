"""Views on a real Kafka: acknowledged before the answer, counted once however often a batch comes."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from sqlalchemy import text

from ordercast.contracts.envelope import Envelope, decode
from ordercast.contracts.events import ProductCarted, ProductViewed
from ordercast.contracts.limits import MAX_BATCH_LINES
from ordercast.services.order_api.views import send_once
from ordercast.services.order_api.views.send_once import SendOnce
from tests.support.flow import count_all
from tests.support.fresh_topics import FreshTopics
from tests.support.order_api import Member, RunningApi, TokenKeys, running_order_api


@pytest.fixture
def api(kafka_api: RunningApi) -> RunningApi:
    return kafka_api


async def published(topics: FreshTopics) -> list[Envelope]:
    """Everything in the topic `views`."""
    consumer = AIOKafkaConsumer(bootstrap_servers=topics.bootstrap, auto_offset_reset="earliest", group_id=None)
    partitions = [TopicPartition("views", number) for number in range(topics.partitions)]
    consumer.assign(partitions)
    await consumer.start()
    try:
        ends = await consumer.end_offsets(partitions)
        found: list[Envelope] = []
        while any([await consumer.position(partition) < ends[partition] for partition in partitions]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found += [decode(record.headers, record.value) for record in records]
        return found
    finally:
        await consumer.stop()


@contextmanager
def cut_off() -> Iterator[None]:
    """What is sent meanwhile is left as by a service that died between publishing and keeping the answer."""

    async def dies(*_: object) -> bytes:
        raise ConnectionResetError("killed")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SendOnce, "_finish", dies)
        patch.setattr(send_once, "HOLD_S", 0.0)  # as if it were long ago
        yield


async def view_counts(api: RunningApi) -> list[int]:
    """What the feature table has for each pair, smallest first."""
    async with api.service.sessions() as session:
        rows = await session.execute(text("SELECT view_count FROM feature_rows ORDER BY 1"))
        return list(rows.scalars())


async def send(api: RunningApi, who: Member, *lines: Any, key: str | None = None) -> Any:
    body = b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    headers = who.headers | ({"Idempotency-Key": key} if key else {})
    return await api.client.post("/views/batch", content=body, headers=headers)


async def test_an_accepted_view_is_in_kafka(
    api: RunningApi, customer: Member, product: int, fresh_topics: FreshTopics
) -> None:
    body = {"product_id": product, "count": 3, "occurred_at": "2026-01-02T03:04:05+01:00"}
    answer = await api.client.post("/views", json=body, headers=customer.headers)
    assert answer.status_code == 202
    (envelope,) = await published(fresh_topics)
    assert str(envelope.id) == answer.json()["event_id"]
    time = datetime(2026, 1, 2, 2, 4, 5, tzinfo=UTC)
    assert envelope.event == ProductViewed(customer.id, product, 3, time)
    assert envelope.time.isoformat() == "2026-01-02T02:04:05+00:00"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"product_id": 10**9}, "product_id"),
        ({"product_id": "1"}, "product_id"),
        ({}, "product_id"),
        ({"product_id": 1, "count": 0}, "count"),
        ({"product_id": 1, "count": 101}, "count"),
        ({"product_id": 1, "count": 10**10}, "count"),
        ({"product_id": 1, "occurred_at": "2026-01-01T00:00:00"}, "occurred_at"),
        ({"product_id": 1, "occurred_at": 1767322800}, "occurred_at"),
        ({"product_id": 1, "occurred_at": "2999-01-01T00:00:00Z"}, "occurred_at"),
        ({"product_id": 1, "account_id": 7}, "account_id"),
        ({"product_id": 1, "kind": "removal"}, "kind"),
    ],
)
async def test_a_bad_view_is_refused_with_its_field(
    api: RunningApi, customer: Member, product: int, fresh_topics: FreshTopics, body: Any, field: str
) -> None:
    answer = await api.client.post("/views", json=body, headers=customer.headers)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert await published(fresh_topics) == []


async def view(api: RunningApi, who: Member, body: Any, key: str | None = None) -> Any:
    headers = who.headers | ({"Idempotency-Key": key} if key else {})
    return await api.client.post("/views", json=body, headers=headers)


async def test_a_cart_is_an_event_of_its_own_and_repeats_like_a_view(
    api: RunningApi, customer: Member, product: int, fresh_topics: FreshTopics
) -> None:
    body = {"product_id": product, "kind": "cart", "occurred_at": "2026-01-02T03:04:05Z"}
    assert (await view(api, customer, body)).status_code == 202
    lines = [{**body, "count": 2}, {**body, "kind": "view"}, {**body, "kind": "removal"}]
    for _ in range(2):
        answer = (await send(api, customer, *lines, key="carts")).json()
        assert (answer["accepted"], [refused["line"] for refused in answer["refused"]]) == (2, [3])
    time = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert [envelope.event for envelope in await published(fresh_topics)] == [
        ProductCarted(customer.id, product, 1, time),
        ProductCarted(customer.id, product, 2, time),
        ProductViewed(customer.id, product, 1, time),
    ]


async def test_larger_counts_are_an_admins_or_a_batchs(
    api: RunningApi, admin: Member, customer: Member, product: int, fresh_topics: FreshTopics
) -> None:
    assert (await view(api, customer, {"product_id": product, "count": 100})).status_code == 202
    assert (await view(api, admin, {"product_id": product, "count": 10**9})).status_code == 202
    of_customer = await send(
        api, customer, {"product_id": product, "count": 10_000}, {"product_id": product, "count": 10_001}
    )
    assert of_customer.json() == {
        "accepted": 1,
        "refused": [{"line": 2, "reason": "a line of a customer's batch counts 10000 at most"}],
    }
    counts = [envelope.event.count for envelope in await published(fresh_topics)]  # type: ignore[union-attr]
    assert sorted(counts) == [100, 10_000, 10**9]


async def test_a_customer_who_adds_too_many_views_waits_and_nobody_else_does(
    database_url: str, token_keys: TokenKeys, fresh_topics: FreshTopics
) -> None:
    async with running_order_api(
        database_url,
        token_keys,
        kafka_bootstrap=fresh_topics.bootstrap,
        partitions=fresh_topics.partitions,
        customer_views_per_minute=100,
    ) as api:
        admin, one, other = await api.admin(), await api.customer(), await api.customer()
        body = {"product_id": int((await api.product(admin))["id"]), "count": 60}
        assert (await view(api, one, body, key="first")).status_code == 202
        for key in (None, "second"):
            refused = await view(api, one, body, key)
            assert (refused.status_code, refused.json()["type"]) == (429, "/problems/too-many-views")
            assert 10 <= int(refused.headers["retry-after"]) <= 12
        assert (await view(api, one, body, key="first")).headers["idempotency-replayed"] == "true"
        assert refused.headers["RateLimit-Policy"] == '"views";q=100;w=60'
        for who in (other, admin, admin):
            assert (await view(api, who, body)).status_code == 202
        # The key of what was refused is free: with less it comes in.
        assert (await view(api, one, body | {"count": 10}, key="second")).status_code == 202
        told = (await view(api, one, body | {"count": 1})).headers
        assert told["RateLimit"].startswith('"views";r=')
        assert told["RateLimit-Policy"] == '"views";q=100;w=60'
    assert len(await published(fresh_topics)) == 6


async def test_a_customers_batches_have_so_many_lines_a_minute_and_an_admins_as_many_as_they_like(
    api: RunningApi, admin: Member, customer: Member
) -> None:
    async def refused_lines(who: Member, count: int) -> httpx.Response:
        return await api.client.post("/views/batch", content=b"{}\n" * count, headers=who.headers)

    first = await refused_lines(customer, MAX_BATCH_LINES)
    assert (first.status_code, first.headers["RateLimit-Policy"]) == (200, '"view-lines";q=10000;w=60')
    answer = await refused_lines(customer, 5_000)
    assert (answer.status_code, answer.json()["type"]) == (429, "/problems/too-many-view-lines")
    assert 25 <= int(answer.headers["retry-after"]) <= 30
    assert {(await refused_lines(admin, MAX_BATCH_LINES)).status_code for _ in range(2)} == {200}


async def test_a_repeated_view_gets_the_first_answer_and_counts_once(
    api: RunningApi, customer: Member, product: int, fresh_topics: FreshTopics
) -> None:
    body = {"product_id": product, "count": 3}
    with cut_off():
        await view(api, customer, body, key="view-1")
    first, again = [await view(api, customer, body, key="view-1") for _ in range(2)]
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    other = await view(api, customer, body | {"count": 4}, key="view-1")
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")
    envelopes = await published(fresh_topics)
    assert {str(envelope.id) for envelope in envelopes} == {first.json()["event_id"]}
    await count_all(api.service.sessions, fresh_topics)
    assert await view_counts(api) == [3]


async def test_a_batch_takes_the_good_lines_and_names_the_bad_ones(
    api: RunningApi, customer: Member, product: int, fresh_topics: FreshTopics
) -> None:
    answer = await send(
        api,
        customer,
        {"product_id": product, "count": 2},
        b"{broken",
        {"product_id": 10**9},
        {"sku": "SKU-1", "simulated": True},
        {"sku": "SKU-1", "product_id": product},
        {"product_id": product, "account_id": customer.id + 1},
        {"product_id": product, "count": 1.5},
        b"\xff",
    )
    assert (answer.status_code, answer.json()["accepted"]) == (200, 2)
    assert {refused["line"] for refused in answer.json()["refused"]} == {2, 3, 5, 6, 7, 8}
    assert len(await published(fresh_topics)) == 2


async def test_an_admins_lines_may_name_accounts_by_id_and_by_reference(
    api: RunningApi, admin: Member, customer: Member, product: int, fresh_topics: FreshTopics
) -> None:
    order = {
        "order_ref": "1",
        "account_ref": "17850",
        "occurred_at": "2011-01-01T00:00:00Z",
        "items": [{"sku": "SKU-1", "quantity": 1, "unit_price": "1"}],
    }
    path = "/orders/import?create_missing=true&currency=GBP"
    await api.client.post(path, content=json.dumps(order).encode(), headers=admin.headers)
    answer = await send(
        api,
        admin,
        {"product_id": product, "account_id": customer.id},
        {"product_id": product, "account_ref": "17850"},
        {"product_id": product, "account_ref": "nobody"},
        {"product_id": product, "account_id": 10**9},
    )
    assert (answer.json()["accepted"], [line["line"] for line in answer.json()["refused"]]) == (2, [3, 4])
    events = [envelope.event for envelope in await published(fresh_topics)]
    assert customer.id in {event.account_id for event in events if isinstance(event, ProductViewed)}


async def test_a_repeated_batch_gets_the_first_answer_and_publishes_nothing_more(
    api: RunningApi, customer: Member, product: int, fresh_topics: FreshTopics
) -> None:
    lines = [{"product_id": product, "count": count} for count in range(1, 6)]
    first = await send(api, customer, *lines, key="batch-1")
    again = await send(api, customer, *lines, key="batch-1")
    assert first.json() == again.json() == {"accepted": 5, "refused": []}
    assert [answer.headers.get("idempotency-replayed") for answer in (first, again)] == [None, "true"]
    assert len(await published(fresh_topics)) == 5
    other = await send(api, customer, *lines[:3], key="batch-1")
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")


async def test_a_batch_that_was_cut_off_repeats_its_ids_and_numbers(
    api: RunningApi, customer: Member, product: int, fresh_topics: FreshTopics
) -> None:
    lines = [{"product_id": product, "count": count} for count in range(1, 4)]
    with cut_off():
        await send(api, customer, *lines, key="batch-1")
    assert (await send(api, customer, *lines, key="batch-1")).json()["accepted"] == 3
    envelopes = await published(fresh_topics)
    assert [envelope.id for envelope in envelopes[:3]] == [envelope.id for envelope in envelopes[3:]]
    assert [envelope.sequence for envelope in envelopes[:3]] == [envelope.sequence for envelope in envelopes[3:]]


async def test_a_line_that_was_refused_before_the_cut_may_come_in_afterwards(
    api: RunningApi, admin: Member, customer: Member, product: int, fresh_topics: FreshTopics
) -> None:
    lines = [{"sku": "SKU-LATE"}, {"product_id": product}]
    with cut_off():
        await send(api, customer, *lines, key="batch-1")
    await api.product(admin, sku="SKU-LATE")
    again = await send(api, customer, *lines, key="batch-1")
    assert again.json() == {"accepted": 2, "refused": []}
    await count_all(api.service.sessions, fresh_topics)
    assert await view_counts(api) == [1, 1]


async def test_a_batch_with_too_many_lines_is_refused_whole(
    api: RunningApi, customer: Member, product: int, fresh_topics: FreshTopics
) -> None:
    answer = await send(api, customer, *[{"product_id": product}] * 10_001)
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/batch-too-long")
    assert await published(fresh_topics) == []


async def test_an_empty_batch_is_an_empty_answer(api: RunningApi, customer: Member) -> None:
    assert (await send(api, customer)).json() == {"accepted": 0, "refused": []}
