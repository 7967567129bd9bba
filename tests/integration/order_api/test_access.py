"""Each role reaches its own or all, as the table says (`shared/http/access.py`); who may come in at all, a unit test walks."""

from dataclasses import dataclass
from typing import Any, Final

import httpx
import pytest

from ordercast.services.shared.http.access import ACCESS, Operation
from ordercast.services.shared.http.caller import ROLES, Role
from tests.support.order_api import Member, RunningApi


@dataclass(frozen=True, slots=True)
class Foreign:
    """What belongs to another account."""

    account_id: int
    order: dict[str, Any]
    review_url: str


async def foreign(api: RunningApi) -> Foreign:
    admin, owner = await api.admin(), await api.customer()
    product = await api.product(admin)
    body = {"items": [{"product_id": product["id"], "quantity": 1}]}
    order = (await api.client.post("/orders", json=body, headers=owner.headers)).json()
    review = {"rating": 5, "text": "Good."}
    reviews_url = f"/products/{product['id']}/reviews"
    written = await api.client.post(reviews_url, json=review, headers=owner.headers)
    assert written.status_code == 201, written.text
    return Foreign(owner.id, order, f"{reviews_url}/{written.json()['id']}")


async def ask(api: RunningApi, operation: Operation, of: Foreign, member: Member) -> httpx.Response:
    urls = {
        "/orders": f"/orders?account_id={of.account_id}",
        "/orders/{order_id}": f"/orders/{of.order['id']}",
        "/orders/{order_id}/cancel": f"/orders/{of.order['id']}/cancel",
        "/products/{product_id}/reviews/{review_id}": of.review_url,
    }
    method, path = operation
    body = {"rating": 1} if method == "PATCH" else None
    return await api.client.request(method, urls[path], json=body, headers=member.headers)


# Views of others, and of how many, are test_views_http's and test_views_of_visitors'.
OPERATIONS: Final = [
    ("GET", "/orders"),
    ("GET", "/orders/{order_id}"),
    ("POST", "/orders/{order_id}/cancel"),
    ("PATCH", "/products/{product_id}/reviews/{review_id}"),
    ("DELETE", "/products/{product_id}/reviews/{review_id}"),
]


@pytest.mark.parametrize("role", ROLES)
async def test_what_is_anothers_is_for_those_who_reach_all(shared_api: RunningApi, role: Role) -> None:
    member = await shared_api.member(role)
    for operation in OPERATIONS:
        answer = await ask(shared_api, operation, await foreign(shared_api), member)
        reaches = ACCESS[operation].reach[role] == "any"
        assert (answer.status_code in (403, 404)) != reaches, (operation, answer.text)
        assert answer.is_success == reaches
