"""POST /products/import over HTTP on a real database."""

import asyncio
import gzip
import json
from typing import Any

import httpx
import pytest

from ordercast.services.order_api.products import import_products
from tests.support.order_api import Member, RunningApi

MUG = {"sku": "MUG-1", "name": "Mug", "price": "12.50", "currency": "EUR"}


def ndjson(*lines: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


async def send(api: RunningApi, admin: Member, body: bytes, **headers: str) -> httpx.Response:
    return await api.client.post("/products/import", content=body, headers=admin.headers | headers)


async def counts(api: RunningApi, admin: Member, *lines: dict[str, Any]) -> tuple[int, int, int]:
    answer = await send(api, admin, ndjson(*lines))
    assert (answer.status_code, answer.json()["refused"]) == (200, []), answer.text
    return answer.json()["created"], answer.json()["changed"], answer.json()["unchanged"]


async def product(api: RunningApi, sku: str) -> dict[str, Any]:
    found: dict[str, Any] = (await api.client.get(f"/products/by-sku/{sku}")).json()
    return found


async def prices(api: RunningApi, sku: str) -> list[str]:
    path = f"/products/{(await product(api, sku))['id']}/prices"
    return [row["price"] for row in (await api.client.get(path)).json()["data"]]


async def test_products_are_added_changed_or_left_and_each_price_is_kept(api: RunningApi) -> None:
    admin = await api.admin()
    tea = MUG | {"sku": "TEA", "price": "3"}
    assert await counts(api, admin, MUG, tea) == (2, 0, 0)
    before = await product(api, "MUG-1")

    assert await counts(api, admin, MUG, tea | {"price": "3.00"}) == (0, 0, 2)
    assert await product(api, "MUG-1") == before
    assert await counts(api, admin, MUG | {"price": "9.99"}, MUG | {"sku": "NEW"}, tea | {"name": "Tea"}) == (1, 2, 0)

    after = await product(api, "MUG-1")
    assert after == before | {"price": "9.99", "updated_at": after["updated_at"]}
    assert after["updated_at"] > before["updated_at"]
    assert (await prices(api, "MUG-1"), await prices(api, "TEA")) == (["9.99", "12.50"], ["3.00"])


async def test_a_line_without_active_leaves_it_and_one_with_it_sets_it(api: RunningApi) -> None:
    admin = await api.admin()
    assert await counts(api, admin, MUG, MUG | {"sku": "OFF", "active": False}) == (2, 0, 0)
    assert ((await product(api, "MUG-1"))["active"], (await product(api, "OFF"))["active"]) == (True, False)
    assert await counts(api, admin, MUG | {"sku": "OFF"}, MUG | {"active": False}) == (0, 1, 1)
    assert await counts(api, admin, MUG | {"sku": "OFF", "name": "renamed"}) == (0, 1, 0)
    assert ((await product(api, "MUG-1"))["active"], (await product(api, "OFF"))["active"]) == (False, False)
    assert await counts(api, admin, MUG | {"sku": "OFF", "name": "renamed", "active": True}) == (0, 1, 0)
    assert (await product(api, "OFF"))["active"] is True


async def test_a_product_without_a_price_is_on_sale_with_its_first_one(api: RunningApi) -> None:
    admin = await api.admin()
    only_seen = MUG | {"price": "0.00"}
    await counts(api, admin, only_seen | {"active": False})
    assert await counts(api, admin, only_seen) == (0, 0, 1)
    assert await counts(api, admin, MUG) == (0, 1, 0)
    assert (await product(api, "MUG-1"))["active"] is True


async def test_a_sku_that_comes_twice_is_changed_twice_in_its_order(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = await api.admin()
    lines = [MUG | {"sku": sku, "price": price} for price in ("1", "2", "2", "3") for sku in ("A", "B")]
    assert await counts(api, admin, *lines) == (2, 4, 2)
    assert await prices(api, "A") == await prices(api, "B") == ["3.00", "2.00", "1.00"]
    # Whatever lies in one transaction.
    monkeypatch.setattr(import_products, "CHUNK", 1)
    assert await counts(api, admin, *lines) == (0, 6, 2)


async def test_bad_lines_are_refused_one_by_one_with_the_rules_of_single_products(api: RunningApi) -> None:
    admin = await api.admin()
    bad: dict[str, dict[str, Any]] = {
        "price must be": MUG | {"price": 12.5},
        "price must be a decimal": MUG | {"price": "1.23456"},
        'currency must be a currency code of ISO 4217, such as "EUR"': MUG | {"currency": "eur"},
        "sku must be": MUG | {"sku": " "},
        "sku must be text of 1 to 100 characters": MUG | {"sku": "s" * 101},
        "name must be": MUG | {"name": "two\nlines"},
        "active must be true or false": MUG | {"active": "yes"},
        "name is missing": {"sku": "A", "price": "1", "currency": "EUR"},
        "there is no field id": MUG | {"id": 1},
    }
    answer = await send(api, admin, ndjson(*bad.values(), MUG | {"sku": " good "}))
    assert answer.status_code == 200
    assert [line["line"] for line in answer.json()["refused"]] == list(range(1, len(bad) + 1))
    for line, start in zip(answer.json()["refused"], bad, strict=True):
        assert line["reason"].startswith(start)
    assert (await product(api, "good"))["name"] == "Mug"
    assert (await api.client.get("/products/by-sku/MUG-1")).status_code == 404


async def test_where_nothing_came_in_the_answer_is_422_with_the_same_body(api: RunningApi) -> None:
    admin = await api.admin()
    answer = await send(api, admin, ndjson(MUG | {"price": "-1"}))
    assert answer.status_code == 422
    assert {name: answer.json()[name] for name in ("created", "changed", "unchanged")} == dict.fromkeys(
        ("created", "changed", "unchanged"), 0
    )
    assert len(answer.json()["refused"]) == 1
    assert (await send(api, admin, b"")).status_code == 200


async def test_gzip_is_read_and_a_csv_is_refused_as_a_whole(api: RunningApi) -> None:
    admin = await api.admin()
    headers = {"Content-Encoding": "gzip"}
    assert (await send(api, admin, gzip.compress(ndjson(MUG)), **headers)).json()["created"] == 1
    csv = await send(api, admin, b"sku,name\nMUG-1,Mug\n")
    assert (csv.status_code, csv.json()["type"]) == (422, "/problems/not-ndjson")


async def test_imports_of_the_same_products_at_once_create_each_once_and_do_not_deadlock(api: RunningApi) -> None:
    admin = await api.admin()
    lines = [MUG | {"sku": f"S{number}"} for number in range(300)]
    bodies = [lines, lines[::-1], [line | {"price": "7"} for line in lines]]
    answers = await asyncio.gather(*(send(api, admin, ndjson(*body)) for body in bodies))
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert sum(answer.json()["created"] for answer in answers) == 300
