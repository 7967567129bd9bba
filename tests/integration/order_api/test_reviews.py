"""The review board over HTTP on a real database."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.support.order_api import Member, RunningApi

GOOD = {"rating": 5, "text": "Holds tea.\nAnd coffee."}


async def order(api: RunningApi, customer: Member, product_id: int) -> str:
    body = {"items": [{"product_id": product_id, "quantity": 1}]}
    answer = await api.client.post("/orders", json=body, headers=customer.headers)
    assert answer.status_code == 201, answer.text
    order_id: str = answer.json()["id"]
    return order_id


async def review(api: RunningApi, customer: Member, product_id: int, body: Any = GOOD) -> httpx.Response:
    return await api.client.post(f"/products/{product_id}/reviews", json=body, headers=customer.headers)


@pytest.fixture
async def product_id(api: RunningApi) -> int:
    product_id: int = (await api.product(await api.admin()))["id"]
    return product_id


async def test_who_ordered_a_product_reviews_it_and_all_can_read_it(api: RunningApi, product_id: int) -> None:
    customer = await api.customer()
    await order(api, customer, product_id)

    answer = await review(api, customer, product_id)

    assert answer.status_code == 201
    written = answer.json()
    assert (written["account_id"], written["nickname"]) == (customer.id, customer.nickname)
    assert (written["rating"], written["text"]) == (GOOD["rating"], GOOD["text"])
    listed = await api.client.get(f"/products/{product_id}/reviews")
    assert listed.json() == {"data": [written], "has_more": False}


async def test_who_did_not_order_or_cancelled_may_not_review(api: RunningApi, product_id: int) -> None:
    customer, other = await api.customer(), await api.customer()
    await order(api, other, product_id)
    cancelled = await order(api, customer, product_id)
    await api.client.post(f"/orders/{cancelled}/cancel", headers=customer.headers)

    answer = await review(api, customer, product_id)

    assert answer.status_code == 403
    assert answer.json()["type"] == "/problems/not-ordered"


async def test_a_product_is_reviewed_once_even_at_the_same_moment(api: RunningApi, product_id: int) -> None:
    customer = await api.customer()
    await order(api, customer, product_id)

    answers = await asyncio.gather(*(review(api, customer, product_id) for _ in range(5)))

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("rating", 0),
        ("rating", 6),
        ("rating", 4.5),
        ("rating", "5"),
        ("rating", True),
        ("rating", None),
        ("text", ""),
        ("text", "   "),
        ("text", "x" * 4_001),
        ("text", "nul\0"),
        ("account_id", 1),
    ],
)
async def test_bad_reviews_are_refused(shared_api: RunningApi, field: str, value: Any) -> None:
    customer = await shared_api.customer()
    product = await shared_api.product(await shared_api.admin())
    await order(shared_api, customer, product["id"])
    answer = await review(shared_api, customer, product["id"], GOOD | {field: value})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_authors_and_admins_change_and_take_down_others_do_not(api: RunningApi, product_id: int) -> None:
    author, other, admin = await api.customer(), await api.customer(), await api.admin()
    await order(api, author, product_id)
    written = (await review(api, author, product_id)).json()
    url = f"/products/{product_id}/reviews/{written['id']}"

    assert (await api.client.patch(url, json={"rating": 1}, headers=other.headers)).status_code == 403
    assert (await api.client.delete(url, headers=other.headers)).status_code == 403
    assert (await api.client.patch(url, json={"rating": 1})).status_code == 401
    own = await api.client.patch(url, json={"rating": 2}, headers=author.headers)
    assert own.json() == written | {"rating": 2, "updated_at": own.json()["updated_at"]}
    assert own.json()["updated_at"] > written["updated_at"]
    by_admin = await api.client.patch(url, json={"text": "Removed."}, headers=admin.headers)
    assert by_admin.json()["text"] == "Removed."
    assert by_admin.json()["account_id"] == author.id
    taken_down = await api.client.delete(url, headers=author.headers)
    assert (taken_down.status_code, taken_down.content) == (204, b"")
    assert (await api.client.delete(url, headers=author.headers)).status_code == 404
    assert (await review(api, author, product_id)).status_code == 201


async def test_a_review_belongs_to_its_product(api: RunningApi, product_id: int) -> None:
    author = await api.customer()
    await order(api, author, product_id)
    written = (await review(api, author, product_id)).json()
    other_product = await api.product(await api.admin())

    url = f"/products/{other_product['id']}/reviews/{written['id']}"

    assert (await api.client.patch(url, json={"rating": 1}, headers=author.headers)).status_code == 404
    assert (await api.client.delete(url, headers=author.headers)).status_code == 404


async def test_reviews_of_an_unknown_product_are_not_found(api: RunningApi) -> None:
    customer = await api.customer()
    assert (await api.client.get("/products/99/reviews")).status_code == 404
    assert (await review(api, customer, 99)).status_code == 404


async def test_the_board_shows_the_newest_first_in_pages(api: RunningApi, product_id: int) -> None:
    written = []
    for _ in range(3):
        customer = await api.customer()
        await order(api, customer, product_id)
        written.append((await review(api, customer, product_id)).json()["id"])

    url = f"/products/{product_id}/reviews"
    first = (await api.client.get(url, params={"limit": 2})).json()
    rest = (await api.client.get(url, params={"limit": 2, "starting_after": first["data"][-1]["id"]})).json()

    assert [row["id"] for row in first["data"] + rest["data"]] == written[::-1]
    assert (first["has_more"], rest["has_more"]) == (True, False)
