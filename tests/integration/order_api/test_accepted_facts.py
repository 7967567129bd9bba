"""What the API accepts gets through to the feature row: each field at both ends of its range, on a real broker.

A broker with Kafka's defaults stands for one that nobody has set up: it refuses timestamps an hour ahead of its clock.
"""

import json
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from ordercast.contracts.limits import MAX_ITEMS, MAX_QUANTITY
from ordercast.services.order_api.views import send_views
from ordercast.services.shared.db.engine import Sessions
from tests.support.flow import count_all, relay_all
from tests.support.fresh_topics import FreshTopics
from tests.support.order_api import Member, RunningApi

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


def latest() -> datetime:
    """The latest time that is accepted: a day ahead, less what the request takes."""
    return datetime.now(UTC) + timedelta(hours=23, minutes=59)


@pytest.fixture
def api(kafka_api: RunningApi) -> RunningApi:
    return kafka_api


def ndjson(lines: list[Any]) -> bytes:
    return b"\n".join(json.dumps(line).encode() for line in lines)


def order_line(ref: str, account: str, at: datetime, *items: tuple[str, int, str]) -> dict[str, Any]:
    return {
        "order_ref": ref,
        "account_ref": account,
        "occurred_at": at.isoformat(),
        "items": [{"sku": sku, "quantity": quantity, "unit_price": price} for sku, quantity, price in items],
    }


async def test_orders_at_both_ends_of_each_range_reach_the_feature_table(
    api: RunningApi, sessions: Sessions, fresh_topics: FreshTopics
) -> None:
    admin = await api.admin()
    late = latest()
    longest = "\U0001f6d2" * 255
    lines = [
        order_line("1", "a", EARLIEST, ("s", 1, "0")),
        order_line(longest, longest, late, (longest[:100], 1_000_000, "99999999.9999")),
        order_line("nine hours ahead", "b", datetime.now(UTC) + timedelta(hours=9), ("s", 1, "1.50")),
        order_line("largest", "c", late, *[(f"sku-{n}", 1_000_000, "99999999.9999") for n in range(2_000)]),
        *[order_line(f"more-{n}", "c", late, *[(f"sku-{n}", 1, "1")] * 2_000) for n in range(7)],
    ]
    answer = await api.client.post(
        "/orders/import?create_missing=true&currency=EUR", content=ndjson(lines), headers=admin.headers, timeout=60
    )
    assert (answer.json()["created"], answer.json()["refused"]) == (len(lines), [])
    await relay_all(sessions, fresh_topics)
    await count_all(sessions, fresh_topics)
    rows = {(row["first_ordered_at"], row["first_quantity"], row["first_price"]) for row in await rows_of(sessions)}
    assert {
        (EARLIEST, 1, Decimal(0)),
        (late, 1_000_000, Decimal("99999999.9999")),
    } <= rows
    assert len(await rows_of(sessions)) == 3 + 2_000


async def test_placed_orders_of_one_item_and_of_the_most_there_are_reach_the_feature_table(
    api: RunningApi, sessions: Sessions, fresh_topics: FreshTopics
) -> None:
    admin, customer = await api.admin(), await api.customer()
    dear = await api.product(admin, price="99999999.9999", name="n" * 200)
    cheap = await api.product(admin, price="0.01")
    for product, items, quantity in ((dear, MAX_ITEMS, MAX_QUANTITY), (cheap, 1, 1)):
        body = {"items": [{"product_id": int(product["id"]), "quantity": quantity}] * items}
        headers = customer.headers | {"Idempotency-Key": f"{items}".rjust(255, "k")}
        answer = await api.client.post("/orders", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
    await relay_all(sessions, fresh_topics)
    await count_all(sessions, fresh_topics)
    rows = {row["product_id"]: (row["total_quantity"], row["first_price"]) for row in await rows_of(sessions)}
    assert rows == {
        int(dear["id"]): (MAX_ITEMS * MAX_QUANTITY, Decimal("99999999.9999")),
        int(cheap["id"]): (1, Decimal("0.01")),
    }


async def test_views_at_both_ends_of_each_range_reach_the_feature_table(
    api: RunningApi, sessions: Sessions, fresh_topics: FreshTopics
) -> None:
    admin, customer = await api.admin(), await api.customer()
    first, second = [int((await api.product(admin))["id"]) for _ in range(2)]
    late = latest()
    for body in (
        {"product_id": first, "count": 1, "occurred_at": EARLIEST.isoformat()},
        {"product_id": first, "count": 1_000_000_000, "occurred_at": late.isoformat()},
        {"product_id": first, "occurred_at": (datetime.now(UTC) + timedelta(hours=2)).isoformat()},
    ):
        answer = await api.client.post("/views", json=body, headers=admin.headers)
        assert answer.status_code == 202, answer.text
    batch = [{"product_id": second, "account_id": customer.id, "count": 1_000_000_000}] * 10_000
    headers = admin.headers | {"Idempotency-Key": "k" * 255}
    answer = await api.client.post("/views/batch", content=ndjson(batch), headers=headers, timeout=60)
    assert answer.json()["accepted"] == 10_000
    await count_all(sessions, fresh_topics)
    rows = {row["product_id"]: row for row in await rows_of(sessions)}
    assert (rows[first]["view_count"], rows[first]["last_viewed_at"]) == (1_000_000_002, late)
    assert rows[second]["view_count"] == 10_000 * 1_000_000_000


async def test_a_host_clock_that_runs_ahead_loses_nothing(
    api: RunningApi, sessions: Sessions, fresh_topics: FreshTopics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nine hours: what the service takes for now is far beyond what a broker takes by default."""
    monkeypatch.setattr(send_views, "_now_ms", lambda: (time.time_ns() + 9 * 3_600 * 10**9) // 10**6)
    admin, customer = await api.admin(), await api.customer()
    product = int((await api.product(admin))["id"])
    answer = await api.client.post("/views", json={"product_id": product}, headers=customer.headers)
    assert answer.status_code == 202, answer.text
    await order(api, customer, product)
    async with sessions() as session, session.begin():
        # As a database writes it whose clock runs ahead.
        await session.execute(text("UPDATE outbox SET committed_at = committed_at + interval '9 hours'"))
    await relay_all(sessions, fresh_topics)
    await count_all(sessions, fresh_topics)
    (row,) = await rows_of(sessions)
    assert (row["order_count"], row["view_count"]) == (1, 1)


async def order(api: RunningApi, customer: Member, product: int) -> None:
    body = {"items": [{"product_id": product, "quantity": 1}]}
    assert (await api.client.post("/orders", json=body, headers=customer.headers)).status_code == 201


async def rows_of(sessions: Sessions) -> list[dict[str, Any]]:
    async with sessions() as session:
        found = await session.execute(text("SELECT * FROM feature_rows"))
        return [dict(row) for row in found.mappings()]
