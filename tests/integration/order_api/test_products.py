"""The catalogue over HTTP on a real database."""

import asyncio
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import text

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


async def test_products_are_found_by_their_ids_as_far_as_they_are_there(api: RunningApi) -> None:
    admin = await api.admin()
    ids = [(await api.product(admin, sku=sku))["id"] for sku in "ABC"]

    async def found(text: str, **more: Any) -> list[int]:
        answer = (await api.client.get("/products", params={"ids": text, **more})).json()
        return [product["id"] for product in answer["data"]]

    assert await found(f"{ids[2]},{ids[0]},{ids[0]},999") == [ids[0], ids[2]]
    assert await found(f"{ids[2]},{ids[0]}", limit=1) == [ids[0]]
    assert await found(f"{ids[2]},{ids[0]}", starting_after=ids[0]) == [ids[2]]
    assert await found(f"{ids[1]}", search="A") == []


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


async def test_a_change_of_what_somebody_else_has_changed_is_refused(shared_api: RunningApi) -> None:
    admin = await shared_api.admin()
    product = await shared_api.product(admin, name="Mug")
    path = f"/products/{product['id']}"
    seen = (await shared_api.client.get(path)).headers["etag"]
    assert (await shared_api.client.get(f"/products/by-sku/{product['sku']}")).headers["etag"] == seen

    first = await shared_api.client.patch(path, json={"name": "Blue"}, headers=admin.headers | {"If-Match": seen})
    second = await shared_api.client.patch(path, json={"name": "Red"}, headers=admin.headers | {"If-Match": seen})
    after = first.headers["etag"]
    third = await shared_api.client.patch(path, json={"name": "Green"}, headers=admin.headers | {"If-Match": after})

    assert [answer.status_code for answer in (first, second, third)] == [200, 412, 200]
    assert second.json()["type"] == "/problems/product-changed"
    assert third.json()["name"] == "Green"
    assert (await shared_api.client.get(path)).headers["etag"] == third.headers["etag"]


async def test_of_changes_made_at_once_of_the_same_product_one_holds(shared_api: RunningApi) -> None:
    admin = await shared_api.admin()
    product = await shared_api.product(admin)
    path = f"/products/{product['id']}"
    headers = admin.headers | {"If-Match": (await shared_api.client.get(path)).headers["etag"]}
    asking = [shared_api.client.patch(path, json={"name": f"Number {n}"}, headers=headers) for n in range(4)]
    assert sorted([answer.status_code for answer in await asyncio.gather(*asking)]) == [200, 412, 412, 412]


async def test_who_names_no_state_changes_any(shared_api: RunningApi) -> None:
    admin = await shared_api.admin()
    product = await shared_api.product(admin)
    for header in ({}, {"If-Match": "*"}):
        answer = await shared_api.client.patch(
            f"/products/{product['id']}", json={"name": "X"}, headers=admin.headers | header
        )
        assert answer.status_code == 200
    missing = await shared_api.client.patch(
        f"/products/{2**62}", json={"name": "X"}, headers=admin.headers | {"If-Match": "*"}
    )
    assert missing.status_code == 404


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


async def found(api: RunningApi, **params: Any) -> list[str]:
    answer = await api.client.get("/products", params=params)
    assert answer.status_code == 200, answer.text
    return [product["sku"] for product in answer.json()["data"]]


async def test_products_are_found_by_any_part_of_name_or_sku_however_cased(api: RunningApi) -> None:
    admin = await api.admin()
    for sku, name in {"MUG-1": "Blue mug", "T-1": "Mugwort TEA", "Ä-1": "ÖL", "X": "Plate"}.items():
        await api.product(admin, sku=sku, name=name)
    assert await found(api, search="mUG") == ["MUG-1", "T-1"]
    assert await found(api, search="-1") == ["MUG-1", "T-1", "Ä-1"]
    assert await found(api, search="tea") == ["T-1"]
    assert await found(api, search="öl") == await found(api, search="ä") == ["Ä-1"]
    assert await found(api, search="nowhere") == []


async def test_what_means_something_to_a_pattern_or_to_sql_stands_for_itself_in_a_search(api: RunningApi) -> None:
    admin = await api.admin()
    skus = ["100%", "a_b", "a/b", "a\\b", "it's", "plain"]
    for sku in skus:
        await api.product(admin, sku=sku, name="x")
    for part, sku in {"%": "100%", "_": "a_b", "/": "a/b", "\\": "a\\b", "'": "it's"}.items():
        assert await found(api, search=part) == [sku]
    assert await found(api, search="%' OR 1=1 --") == []


async def test_the_list_can_leave_out_what_is_not_on_sale_and_pages_keep_the_filters(api: RunningApi) -> None:
    admin = await api.admin()
    for number in range(6):
        product = await api.product(admin, sku=f"s{number}", name="Mug" if number % 3 else "Plate")
        if number % 2:
            path = f"/products/{product['id']}"
            await api.client.patch(path, json={"active": False}, headers=admin.headers)
    assert await found(api, active="true") == ["s0", "s2", "s4"]
    assert await found(api, active="false") == ["s1", "s3", "s5"]
    assert await found(api, active="true", search="mug") == ["s2", "s4"]
    page = (await api.client.get("/products", params={"search": "mug", "limit": 3})).json()
    rest = await found(api, search="mug", limit=3, starting_after=page["data"][-1]["id"])
    assert ([product["sku"] for product in page["data"]], page["has_more"], rest) == (["s1", "s2", "s4"], True, ["s5"])


@pytest.mark.parametrize("params", [{"search": ""}, {"search": "s" * 201}, {"search": "nul\0"}, {"active": "perhaps"}])
async def test_a_filter_that_cannot_be_is_refused(shared_api: RunningApi, params: dict[str, Any]) -> None:
    answer = await shared_api.client.get("/products", params=params)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == list(params)


@pytest.mark.parametrize(
    "sku", ["MUG-1", "a/b", "a//b/", "/", "prices", "reviews", "1/prices", "50 %", "?x=1#y", "ÄÖ→茶", "%2F", "a+b"]
)
async def test_a_product_is_found_by_its_sku_whatever_that_is(shared_api: RunningApi, sku: str) -> None:
    admin = await shared_api.admin()
    product = await shared_api.product(admin, sku=sku)
    answer = await shared_api.client.get(f"/products/by-sku/{quote(sku, safe='')}")
    assert (answer.status_code, answer.json()) == (200, product)
    # Skus with letters are not the same however cased.
    if sku.swapcase() != sku:
        assert (await shared_api.client.get(f"/products/by-sku/{quote(sku.swapcase(), safe='')}")).status_code == 404


async def prices(api: RunningApi, product_id: int) -> list[dict[str, Any]]:
    answer = await api.client.get(f"/products/{product_id}/prices")
    assert answer.status_code == 200, answer.text
    data: list[dict[str, Any]] = answer.json()["data"]
    return data


async def test_each_price_is_kept_with_its_time_and_an_order_keeps_its_own(api: RunningApi) -> None:
    admin, customer = await api.admin(), await api.customer()
    product = await api.product(admin, price="1.00")
    path, body = f"/products/{product['id']}", {"items": [{"product_id": product["id"], "quantity": 1}]}
    order = (await api.client.post("/orders", json=body, headers=customer.headers)).json()
    for change in ({"price": "2.5"}, {"name": "no price"}, {"price": "2.50"}, {"currency": "USD"}, {"price": "1.00"}):
        await api.client.patch(path, json=change, headers=admin.headers)

    history = await prices(api, product["id"])

    assert [(row["price"], row["currency"]) for row in history] == [
        ("1.00", "USD"),
        ("2.50", "USD"),
        ("2.50", "EUR"),
        ("1.00", "EUR"),
    ]
    times = [datetime.fromisoformat(row["valid_from"]) for row in history]
    assert times == sorted(times, reverse=True)
    assert datetime.fromisoformat(product["created_at"]) <= times[-1] <= datetime.now(UTC)
    kept = (await api.client.get(f"/orders/{order['id']}", headers=customer.headers)).json()
    assert (kept["items"][0]["unit_price"], kept["currency"]) == ("1.00", "EUR")


async def test_a_refused_change_leaves_no_price_behind(api: RunningApi) -> None:
    admin = await api.admin()
    await api.product(admin, sku="A")
    product = await api.product(admin, sku="B")
    body = {"sku": "A", "price": "9.99"}
    refused = await api.client.patch(f"/products/{product['id']}", json=body, headers=admin.headers)
    assert refused.status_code == 409
    assert [row["price"] for row in await prices(api, product["id"])] == ["12.50"]


async def test_prices_come_in_pages_and_only_those_of_the_product(api: RunningApi) -> None:
    admin = await api.admin()
    product, other = await api.product(admin, price="1"), await api.product(admin, price="7")
    for price in ("2", "3"):
        await api.client.patch(f"/products/{product['id']}", json={"price": price}, headers=admin.headers)
    path, seen = f"/products/{product['id']}/prices", []
    params: dict[str, Any] = {"limit": 2}
    for _ in range(2):
        page = (await api.client.get(path, params=params)).json()
        seen += [row["price"] for row in page["data"]]
        params["starting_after"] = page["data"][-1]["id"]
    assert seen == ["3.00", "2.00", "1.00"]
    assert [row["price"] for row in await prices(api, other["id"])] == ["7.00"]
    assert (await api.client.get("/products/1000000/prices")).status_code == 404


async def test_a_price_that_another_program_sets_is_kept_too(api: RunningApi) -> None:
    """Such as a pod of the release before: it knows nothing of a history."""
    admin = await api.admin()
    product = await api.product(admin, price="1")
    async with api.service.sessions() as session, session.begin():
        await session.execute(text("UPDATE products SET price = 4"))
    assert [Decimal(row["price"]) for row in await prices(api, product["id"])] == [4, 1]
