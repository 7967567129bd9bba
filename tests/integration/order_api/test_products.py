"""The catalogue over HTTP on a real database."""

import json
from typing import Any

import pytest

from tests.support.order_api import RunningApi

MUG = {"sku": "MUG-1", "name": "Mug", "price": "12.5", "currency": "EUR"}


async def test_an_admin_adds_a_product_that_all_can_read(api: RunningApi) -> None:
    admin = await api.admin()

    answer = await api.client.post("/products", json=MUG, headers=admin.headers)

    assert answer.status_code == 201
    product = answer.json()
    assert {name: product[name] for name in MUG} == MUG | {"price": "12.50"}
    assert set(product) == {"id", "sku", "name", "price", "currency", "active", "created_at", "updated_at"}
    assert (await api.client.get(f"/products/{product['id']}")).json() == product


async def test_prices_keep_their_decimals_exactly(shared_api: RunningApi) -> None:
    admin = await shared_api.admin()
    shown = {"0": "0.00", "0.1": "0.10", "1.2345": "1.2345", "3.400": "3.40", "99999999.9999": "99999999.9999"}
    for sent, expected in shown.items():
        assert (await shared_api.product(admin, price=sent))["price"] == expected


@pytest.mark.parametrize(
    "price", [12.5, 12, "-1", "1e3", "1.23456", "100000000", "NaN", "Infinity", "", " 1", "1,5", "١", None, True, ["1"]]
)
async def test_a_price_that_is_no_decimal_string_is_refused(shared_api: RunningApi, price: Any) -> None:
    admin = await shared_api.admin()
    answer = await shared_api.client.post("/products", json=MUG | {"price": price}, headers=admin.headers)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["price"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("currency", "EURO"),
        ("currency", "eur"),
        ("currency", "ZZZ"),
        ("currency", 978),
        ("sku", ""),
        ("sku", "s" * 101),
        ("sku", "a\tb"),
        ("name", "nul\0"),
        ("active", "true"),
        ("active", 1),
        ("active", None),
        ("name", "half \ud800"),
        ("id", 5),
        ("created_at", "2024-01-01T00:00:00Z"),
    ],
)
async def test_other_bad_fields_are_named(shared_api: RunningApi, field: str, value: Any) -> None:
    admin = await shared_api.admin()
    body = json.dumps(MUG | {field: value})
    headers = admin.headers | {"Content-Type": "application/json"}
    answer = await shared_api.client.post("/products", content=body, headers=headers)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_a_sku_belongs_to_one_product(api: RunningApi) -> None:
    admin = await api.admin()
    first = await api.product(admin, sku="A")
    second = await api.product(admin, sku="B")

    added = await api.client.post("/products", json=MUG | {"sku": "A"}, headers=admin.headers)
    changed = await api.client.patch(f"/products/{second['id']}", json={"sku": "A"}, headers=admin.headers)
    kept = await api.client.patch(f"/products/{first['id']}", json={"sku": "A"}, headers=admin.headers)

    assert added.status_code == changed.status_code == 409
    assert added.json()["type"] == changed.json()["type"] == "/problems/sku-taken"
    assert kept.status_code == 200


async def test_a_change_touches_only_the_fields_it_names(shared_api: RunningApi) -> None:
    admin = await shared_api.admin()
    product = await shared_api.product(admin, name="Mug", price="12.50")

    answer = await shared_api.client.patch(f"/products/{product['id']}", json={"price": "9.99"}, headers=admin.headers)

    assert answer.status_code == 200
    changed = answer.json()
    assert changed["updated_at"] > product["updated_at"]
    assert changed == product | {"price": "9.99", "updated_at": changed["updated_at"]}


async def test_a_change_of_nothing_or_to_null_is_refused(shared_api: RunningApi) -> None:
    admin = await shared_api.admin()
    product = await shared_api.product(admin)
    nothing = await shared_api.client.patch(f"/products/{product['id']}", json={}, headers=admin.headers)
    null = await shared_api.client.patch(f"/products/{product['id']}", json={"name": None}, headers=admin.headers)
    assert nothing.status_code == null.status_code == 422
    assert [error["field"] for error in null.json()["errors"]] == ["name"]


async def test_only_admins_write_products(shared_api: RunningApi) -> None:
    customer, admin = await shared_api.customer(), await shared_api.admin()
    product = await shared_api.product(admin)
    for headers, status in ((customer.headers, 403), ({}, 401)):
        added = await shared_api.client.post("/products", json=MUG, headers=headers)
        changed = await shared_api.client.patch(f"/products/{product['id']}", json={"name": "X"}, headers=headers)
        assert added.status_code == changed.status_code == status


async def test_unknown_products_are_not_found(api: RunningApi) -> None:
    admin = await api.admin()
    assert (await api.client.get("/products/1")).status_code == 404
    assert (await api.client.patch("/products/1", json={"name": "X"}, headers=admin.headers)).status_code == 404


@pytest.mark.parametrize("product_id", ["0", "-1", "x", "1.5", str(2**63)])
async def test_what_cannot_be_an_id_is_refused(shared_api: RunningApi, product_id: str) -> None:
    answer = await shared_api.client.get(f"/products/{product_id}")
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["product_id"]


async def test_the_list_comes_in_pages_that_miss_and_repeat_nothing(api: RunningApi) -> None:
    admin = await api.admin()
    ids = [(await api.product(admin))["id"] for _ in range(5)]

    seen: list[int] = []
    has_more, params = True, {"limit": 2}
    while has_more:
        page = (await api.client.get("/products", params=params)).json()
        seen += [product["id"] for product in page["data"]]
        has_more, params = page["has_more"], {"limit": 2, "starting_after": seen[-1]}

    assert seen == ids


@pytest.mark.parametrize(
    "params", [{"limit": 0}, {"limit": 101}, {"limit": "x"}, {"starting_after": -1}, {"starting_after": "x"}]
)
async def test_a_page_that_cannot_be_is_refused(shared_api: RunningApi, params: dict[str, Any]) -> None:
    answer = await shared_api.client.get("/products", params=params)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == list(params)


async def test_a_product_is_active_until_an_admin_says_otherwise_and_cannot_be_ordered_while_it_is_not(
    shared_api: RunningApi,
) -> None:
    admin, customer = await shared_api.admin(), await shared_api.customer()
    product = await shared_api.product(admin)
    path, body = f"/products/{product['id']}", {"items": [{"product_id": product["id"], "quantity": 1}]}
    assert product["active"] is True

    changed = await shared_api.client.patch(path, json={"active": False}, headers=admin.headers)
    refused = await shared_api.client.post("/orders", json=body, headers=customer.headers)
    await shared_api.client.patch(path, json={"active": True}, headers=admin.headers)
    taken = await shared_api.client.post("/orders", json=body, headers=customer.headers)

    assert changed.json()["active"] is False
    assert refused.status_code == 422
    assert refused.json()["type"] == "/problems/inactive-product"
    assert refused.json()["errors"] == [{"field": "items.0.product_id", "message": "the product is not active"}]
    assert taken.status_code == 201


async def test_a_product_may_be_added_inactive(shared_api: RunningApi) -> None:
    admin = await shared_api.admin()
    body = MUG | {"sku": "not yet", "active": False}
    answer = await shared_api.client.post("/products", json=body, headers=admin.headers)
    assert answer.json()["active"] is False
    assert (await shared_api.client.get(f"/products/{answer.json()['id']}")).json()["active"] is False
