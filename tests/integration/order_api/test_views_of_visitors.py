"""A shop's visitors who only looked, and products that were never sold, come in with their views: a model learns from them, too."""

import json
from typing import Any

import pytest
from sqlalchemy import text

from tests.support.flow import count_all
from tests.support.fresh_topics import FreshTopics
from tests.support.order_api import Member, RunningApi

CREATE = {"create_missing": "true", "currency": "EUR"}


@pytest.fixture
def api(kafka_api: RunningApi) -> RunningApi:
    return kafka_api


async def send(api: RunningApi, who: Member, *lines: Any, key: str | None = None, **params: str) -> Any:
    body = "\n".join(map(json.dumps, lines))
    headers = who.headers | ({"Idempotency-Key": key} if key else {})
    return await api.client.post("/views/batch", content=body, headers=headers, params=params)


async def rows(api: RunningApi, statement: str) -> list[tuple[Any, ...]]:
    async with api.service.sessions() as session:
        return [tuple(row) for row in await session.execute(text(statement))]


FEATURES = """
    SELECT a.account_ref, p.sku, f.order_count, f.view_count FROM feature_rows AS f
    JOIN accounts AS a ON a.id = f.account_id JOIN products AS p ON p.id = f.product_id ORDER BY 1, 2
"""


async def test_who_only_looked_and_what_was_never_sold_reach_the_feature_table(
    api: RunningApi, admin: Member, fresh_topics: FreshTopics
) -> None:
    lines = [
        {
            "account_ref": "visitor-1",
            "sku": "LAMP",
            "name": "A lamp",
            "count": 3,
            "occurred_at": "2026-01-02T03:04:05Z",
        },
        {"account_ref": "visitor-1", "sku": "CHAIR"},
        {"account_ref": "visitor-2", "sku": "LAMP", "name": "Another name"},
        {"account_ref": "visitor-1", "sku": "LAMP"},
    ]
    for _ in range(2):
        answer = await send(api, admin, *lines, key="visitors", **CREATE)
        assert (answer.status_code, answer.json()) == (200, {"accepted": 4, "refused": []})
    await count_all(api.service.sessions, fresh_topics)
    assert await rows(api, FEATURES) == [
        ("visitor-1", "CHAIR", 0, 1),
        ("visitor-1", "LAMP", 0, 4),
        ("visitor-2", "LAMP", 0, 1),
    ]
    products = await rows(api, "SELECT sku, name, price, currency, active FROM products ORDER BY sku")
    assert products == [("CHAIR", "CHAIR", 0, "EUR", False), ("LAMP", "A lamp", 0, "EUR", False)]
    assert (
        await rows(api, "SELECT login_type, role FROM accounts WHERE account_ref IS NOT NULL")
        == [("EXTERNAL", "CUSTOMER")] * 2
    )


async def test_a_line_that_is_refused_creates_nothing(api: RunningApi, admin: Member) -> None:
    answer = await send(
        api,
        admin,
        {"account_ref": "a", "sku": "A", "occurred_at": "2999-01-01T00:00:00Z"},
        {"account_ref": "b", "product_id": 10**9},
        {"account_ref": 10**9, "sku": "C"},
        {"account_ref": "nan", "sku": "D"},
        {"account_id": 10**9, "sku": "E"},
        {"account_ref": "f", "sku": "F", "product_id": 1},
        **CREATE,
    )
    assert [line["line"] for line in answer.json()["refused"]] == [1, 2, 3, 4, 5, 6]
    assert answer.json()["refused"][2]["reason"] == f"there is no account with the id {10**9}"
    without_currency = await send(api, admin, {"account_ref": "g", "sku": "G"}, create_missing="true")
    assert without_currency.json()["refused"] == [
        {
            "line": 1,
            "reason": "there is no product with the sku 'G', and no currency to create it with",
            "because": {"code": "no-product-called-nor-currency", "values": {"sku": "'G'"}},
        }
    ]
    assert await rows(api, "SELECT account_ref FROM accounts WHERE account_ref IS NOT NULL") == []
    assert await rows(api, "SELECT sku FROM products") == []


async def test_known_accounts_go_by_id_email_and_reference(
    api: RunningApi, admin: Member, fresh_topics: FreshTopics
) -> None:
    customer = await api.customer()
    await api.product(admin, sku="LAMP")
    async with api.service.sessions() as session, session.begin():
        await session.execute(text("UPDATE accounts SET account_ref = 'C-7' WHERE id = :id"), {"id": customer.id})
    answer = await send(
        api,
        admin,
        {"account_ref": customer.id, "sku": "LAMP"},
        {"account_ref": customer.email.upper(), "sku": "LAMP"},
        {"account_ref": "C-7", "sku": "LAMP"},
        {"account_ref": str(customer.id), "sku": "LAMP"},
    )
    assert answer.json()["accepted"] == 3
    assert [(line["line"], line["reason"]) for line in answer.json()["refused"]] == [
        (
            4,
            f"there is no account with the reference or the email address '{customer.id}' (an id is given as a number)",
        )
    ]
    await count_all(api.service.sessions, fresh_topics)
    assert await rows(api, "SELECT account_id, view_count FROM feature_rows") == [(customer.id, 3)]


async def test_only_an_admin_creates(api: RunningApi) -> None:
    customer = await api.customer()
    answer = await send(api, customer, {"sku": "LAMP"}, **CREATE)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/forbidden")
    assert await rows(api, "SELECT sku FROM products") == []
