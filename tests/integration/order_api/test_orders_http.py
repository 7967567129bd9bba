"""What a client sees at /orders: answers, refusals and who may do what."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.order_api import Member, RunningApi

pytestmark = pytest.mark.usefixtures("sessions")


async def place(api: RunningApi, who: Member, product: int, quantity: Any = 1, **headers: str) -> Any:
    body = {"items": [{"product_id": product, "quantity": quantity}]}
    return await api.client.post("/orders", json=body, headers=who.headers | headers)


async def test_an_order_is_answered_as_documented_and_found_again(
    api: RunningApi, customer: Member, product: int
) -> None:
    answer = await place(api, customer, product, 3)
    assert answer.status_code == 201
    order = answer.json()
    assert order.pop("id")
    assert order.pop("created_at").endswith("Z")
    assert order.pop("updated_at") == answer.json()["created_at"]
    (item,) = order.pop("items")
    assert item.pop("sku").startswith("SKU-")
    assert item == {
        "line": 1,
        "product_id": product,
        "quantity": 3,
        "cancelled_quantity": 0,
        "unit_price": "2.50",
        "line_total": "7.50",
    }
    assert order == {
        "order_ref": None,
        "account_id": customer.id,
        "account_ref": None,
        "kind": "order",
        "status": "PENDING",
        "confirmed_at": None,
        "cancelled_at": None,
        "total": "7.50",
        "currency": "EUR",
    }
    again = await api.client.get(f"/orders/{answer.json()['id']}", headers=customer.headers)
    assert again.json() == answer.json()


@pytest.mark.parametrize(
    ("quantity", "message"),
    [
        (0, "must be 1 at least"),
        (-3, "must be 1 at least"),
        (1_000_001, "must be 1000000 at most"),
        (10**40, "at most"),
        (1.5, "a whole number"),
        (2.0, "a whole number"),
        ("2", "a whole number"),
        (None, "a whole number"),
        (True, "a whole number"),
    ],
)
async def test_a_bad_quantity_is_named(
    api: RunningApi, customer: Member, product: int, quantity: Any, message: str
) -> None:
    answer = await place(api, customer, product, quantity)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    (error,) = answer.json()["errors"]
    assert error["field"] == "items.0.quantity"
    assert message in error["message"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"items": []}, "items"),
        ({"items": [{"product_id": 1, "quantity": 1}] * 2_001}, "items"),
        ({}, "items"),
        ({"items": {"product_id": 1}}, "items"),
        ({"items": [{"quantity": 1}]}, "items.0.product_id"),
        ({"items": [{"product_id": 2**63, "quantity": 1}]}, "items.0.product_id"),
        ({"items": [{"product_id": 1, "quantity": 1, "unit_price": "0.01"}]}, "items.0.unit_price"),
        ({"items": [{"product_id": 1, "quantity": 1}], "status": "CONFIRMED"}, "status"),
        ({"items": [{"product_id": 1, "quantity": 1}], "role": "ADMIN"}, "role"),
        ({"items": [{"product_id": 1, "quantity": 1}], "account_id": 1}, "account_id"),
    ],
)
async def test_a_body_that_does_not_fit_is_refused_with_its_field(
    api: RunningApi, customer: Member, body: Any, field: str
) -> None:
    answer = await api.client.post("/orders", json=body, headers=customer.headers)
    assert answer.status_code == 422
    assert field in [error["field"] for error in answer.json()["errors"]]


@pytest.mark.parametrize(
    ("content", "status"),
    [(b'{"items": [', 400), (b'{"items": "\xff"}', 400), (b"", 422), (b"null", 422), (b"x" * 2_000_000, 413)],
)
async def test_a_body_that_cannot_be_read_is_refused(
    api: RunningApi, customer: Member, content: bytes, status: int
) -> None:
    headers = customer.headers | {"Content-Type": "application/json"}
    answer = await api.client.post("/orders", content=content, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


async def test_an_unknown_product_is_named_and_nothing_is_placed(
    api: RunningApi, customer: Member, product: int
) -> None:
    items = [{"product_id": product, "quantity": 1}, {"product_id": 10**12, "quantity": 1}]
    answer = await api.client.post("/orders", json={"items": items}, headers=customer.headers)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["items.1.product_id"]
    assert (await api.client.get("/orders", headers=customer.headers)).json()["data"] == []


async def test_the_same_product_may_stand_on_several_lines(api: RunningApi, customer: Member, product: int) -> None:
    items = [{"product_id": product, "quantity": quantity} for quantity in (1, 2)]
    answer = await api.client.post("/orders", json={"items": items}, headers=customer.headers)
    assert [item["line"] for item in answer.json()["items"]] == [1, 2]


async def test_the_largest_order_is_taken(api: RunningApi, customer: Member, product: int) -> None:
    items = [{"product_id": product, "quantity": 1_000_000}] * 2_000
    answer = await api.client.post("/orders", json={"items": items}, headers=customer.headers)
    assert (answer.status_code, answer.json()["total"]) == (201, "5000000000.00")


async def test_a_repeated_key_gives_the_same_answer_and_another_body_is_refused(
    api: RunningApi, customer: Member, product: int
) -> None:
    first = await place(api, customer, product, **{"Idempotency-Key": "key-1"})
    again = await place(api, customer, product, **{"Idempotency-Key": "key-1"})
    assert [answer.headers.get("idempotency-replayed") for answer in (first, again)] == [None, "true"]
    assert first.headers["location"] == again.headers["location"] == f"/orders/{first.json()['id']}"
    other = await place(api, customer, product, 2, **{"Idempotency-Key": "key-1"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")


async def test_requests_with_one_key_at_the_same_time_make_one_order(
    api: RunningApi, customer: Member, product: int
) -> None:
    answers = await asyncio.gather(*(place(api, customer, product, **{"Idempotency-Key": "k"}) for _ in range(10)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
    orders = (await api.client.get("/orders", headers=customer.headers)).json()["data"]
    assert len(orders) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there"])
async def test_a_key_that_cannot_be_one_is_refused(api: RunningApi, customer: Member, product: int, key: str) -> None:
    answer = await place(api, customer, product, **{"Idempotency-Key": key})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "Idempotency-Key")


async def test_orders_are_their_owners_and_an_admins(
    api: RunningApi, admin: Member, customer: Member, product: int
) -> None:
    order = (await place(api, customer, product)).json()["id"]
    stranger = await api.customer()
    for method, path in (("GET", f"/orders/{order}"), ("POST", f"/orders/{order}/cancel")):
        assert (await api.client.request(method, path, headers=stranger.headers)).status_code == 404
    assert (await api.client.post(f"/orders/{order}/confirm", headers=customer.headers)).status_code == 403
    assert (await api.client.get(f"/orders/{order}", headers=admin.headers)).status_code == 200
    assert (await api.client.post(f"/orders/{order}/confirm", headers=admin.headers)).json()["status"] == "CONFIRMED"
    late = await api.client.post(f"/orders/{order}/cancel", headers=customer.headers)
    assert (late.status_code, late.json()["type"]) == (409, "/problems/order-not-pending")


async def test_a_return_of_a_confirmed_order_is_an_admins_and_a_keyed_repeat_gets_the_first_answer(
    api: RunningApi, admin: Member, customer: Member, product: int
) -> None:
    order = (await place(api, customer, product, 3)).json()["id"]
    await api.client.post(f"/orders/{order}/confirm", headers=admin.headers)
    path, lines = f"/orders/{order}/cancel", {"items": [{"line": 1, "quantity": 2}]}
    assert (await api.client.post(path, json=lines, headers=customer.headers)).status_code == 409
    keyed = admin.headers | {"Idempotency-Key": "return-1"}
    first = await api.client.post(path, json=lines, headers=keyed)
    assert (first.status_code, first.json()["items"][0]["cancelled_quantity"]) == (200, 2)
    again = await api.client.post(path, json=lines, headers=keyed)
    assert (again.status_code, again.content) == (200, first.content)
    other = await api.client.post(path, headers=keyed)
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")
    beyond = await api.client.post(path, json=lines, headers=admin.headers)
    assert (beyond.status_code, beyond.json()["type"]) == (409, "/problems/cancelled-too-much")
    assert [error["field"] for error in beyond.json()["errors"]] == ["items.0.quantity"]
    rest = await api.client.post(path, headers=admin.headers)
    assert (rest.json()["status"], rest.json()["items"][0]["cancelled_quantity"]) == ("CANCELLED", 3)


@pytest.mark.parametrize(
    ("items", "field"),
    [
        ([], "items"),
        ([{"line": 1, "quantity": 1}, {"line": 1, "quantity": 1}], "items"),
        ([{"line": 0, "quantity": 1}], "items.0.line"),
        ([{"line": 1, "quantity": 0}], "items.0.quantity"),
        ([{"line": 2, "quantity": 1}], "items.0.line"),
        ([{"line": 1}], "items.0.quantity"),
        ([{"line": 1, "quantity": 1, "product_id": 1}], "items.0.product_id"),
    ],
)
async def test_lines_to_cancel_that_cannot_be_are_named(
    api: RunningApi, admin: Member, product: int, items: Any, field: str
) -> None:
    order = (await place(api, admin, product)).json()["id"]
    answer = await api.client.post(f"/orders/{order}/cancel", json={"items": items}, headers=admin.headers)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


async def test_an_import_takes_an_admins_lines_and_names_the_bad_ones(api: RunningApi, admin: Member) -> None:
    line = {
        "order_ref": "536365",
        "account_ref": "17850",
        "occurred_at": "2010-12-01T08:26:00Z",
        "items": [{"sku": "85123A", "name": "HOLDER", "quantity": 6, "unit_price": "2.55"}],
    }

    async def body() -> AsyncIterator[bytes]:
        yield json.dumps(line).encode() + b"\n{bad\n"

    path = "/orders/import?create_missing=true&currency=GBP"
    answer = await api.client.post(path, content=body(), headers=admin.headers)
    assert answer.status_code == 200
    assert (answer.json()["created"], answer.json()["repeated"]) == (1, 0)
    assert [refused["line"] for refused in answer.json()["refused"]] == [2]
    nothing = await api.client.post(path, content=b"{bad\n" * 3, headers=admin.headers)
    assert (nothing.status_code, nothing.headers["content-type"]) == (422, "application/json")
    assert (nothing.json()["created"], [refused["line"] for refused in nothing.json()["refused"]]) == (0, [1, 2, 3])
    customer = await api.customer()
    assert (await api.client.post(path, content=b"", headers=customer.headers)).status_code == 403
    unknown = await api.client.post("/orders/import?currency=XYZ", content=b"", headers=admin.headers)
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (422, "currency")


async def test_views_are_refused_while_there_is_no_broker_and_orders_are_not(
    api: RunningApi, customer: Member, product: int
) -> None:
    view = await api.client.post("/views", json={"product_id": product}, headers=customer.headers)
    assert (view.status_code, view.headers["Retry-After"]) == (503, "1")
    assert (await place(api, customer, product)).status_code == 201
