"""Bad input at the API's own endpoints: a clear error that names the field, and nothing written."""

import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, select

from ordercast.services.order_api.orders.tables import Order, OutboxEvent
from ordercast.services.shared.http.access import ACCESS
from ordercast.services.shared.http.caller import Caller
from ordercast.services.shared.http.tokens import TokenSigner
from tests.support.order_api import Member, RunningApi

GOOD_ITEM = {"product_id": 1, "quantity": 1}


@pytest.fixture
async def customer(shared_api: RunningApi) -> Member:
    return await shared_api.customer()


async def nothing_was_written(api: RunningApi) -> bool:
    async with api.service.sessions() as session:
        orders = await session.scalar(select(func.count()).select_from(Order))
        events = await session.scalar(select(func.count()).select_from(OutboxEvent))
    return orders == events == 0


@pytest.mark.parametrize("quantity", [0, -1, 1_000_001, 10**30, 1.5, 1.0, "1", True, None, [1]])
async def test_a_quantity_that_cannot_be_is_refused(shared_api: RunningApi, customer: Member, quantity: Any) -> None:
    body = {"items": [GOOD_ITEM, {"product_id": 1, "quantity": quantity}]}
    answer = await shared_api.client.post("/orders", json=body, headers=customer.headers)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["items.1.quantity"]
    assert await nothing_was_written(shared_api)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "items"),
        ({"items": []}, "items"),
        ({"items": None}, "items"),
        ({"items": {"0": GOOD_ITEM}}, "items"),
        ({"items": [GOOD_ITEM] * 2_001}, "items"),
        ({"items": ["x"]}, "items.0"),
        ({"items": [{"quantity": 1}]}, "items.0.product_id"),
        ({"items": [{"product_id": 2**63, "quantity": 1}]}, "items.0.product_id"),
        ({"items": [GOOD_ITEM | {"unit_price": "0.01"}]}, "items.0.unit_price"),
        ({"items": [GOOD_ITEM | {"price": "0.01"}]}, "items.0.price"),
        ({"items": [GOOD_ITEM], "status": "CONFIRMED"}, "status"),
        ({"items": [GOOD_ITEM], "role": "ADMIN"}, "role"),
        ({"items": [GOOD_ITEM], "account_id": 1}, "account_id"),
        ({"items": [GOOD_ITEM], "total": "0.01"}, "total"),
    ],
)
async def test_an_order_with_bad_or_unknown_fields_is_refused(
    shared_api: RunningApi, customer: Member, body: Any, field: str
) -> None:
    answer = await shared_api.client.post("/orders", json=body, headers=customer.headers)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert await nothing_was_written(shared_api)


async def test_an_unknown_product_is_named(shared_api: RunningApi, customer: Member) -> None:
    body = {"items": [{"product_id": 10**9, "quantity": 1}]}
    answer = await shared_api.client.post("/orders", json=body, headers=customer.headers)
    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/unknown-product"
    assert [error["field"] for error in answer.json()["errors"]] == ["items.0.product_id"]
    assert await nothing_was_written(shared_api)


@pytest.mark.parametrize(
    "content", [b'{"items": [', b"items=1", '{"items": "Käse"}'.encode("latin-1"), '{"items": []}'.encode("utf-16")]
)
async def test_a_body_that_is_no_utf_8_json_is_refused(
    shared_api: RunningApi, customer: Member, content: bytes
) -> None:
    headers = customer.headers | {"Content-Type": "application/json"}
    answer = await shared_api.client.post("/orders", content=content, headers=headers)
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"
    assert await nothing_was_written(shared_api)


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/accounts", 65_536),
        ("/accounts/me/password", 65_536),
        ("/auth/token", 65_536),
        ("/auth/refresh", 65_536),
        ("/orders", 262_144),
        ("/products", 262_144),
    ],
)
async def test_a_body_that_is_too_large_is_413(shared_api: RunningApi, customer: Member, path: str, limit: int) -> None:
    answer = await shared_api.client.post(path, content=b" " * limit, headers=customer.headers)
    assert answer.status_code != 413
    answer = await shared_api.client.post(path, content=b" " * (limit + 1), headers=customer.headers)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


# Some of each kind: tests/unit/services/test_access.py walks them all.
NEEDS_A_TOKEN = [
    ("GET", "/accounts/me"),
    ("POST", "/accounts/me/password"),
    ("GET", "/accounts"),
    ("GET", "/accounts/1"),
    ("PATCH", "/accounts/1"),
    ("POST", "/orders"),
    ("GET", "/orders"),
    ("GET", "/orders/00000000-0000-7000-8000-000000000000"),
    ("POST", "/orders/00000000-0000-7000-8000-000000000000/confirm"),
    ("POST", "/orders/00000000-0000-7000-8000-000000000000/cancel"),
    ("POST", "/orders/import"),
    ("POST", "/views"),
    ("POST", "/views/batch"),
    ("POST", "/products"),
    ("POST", "/products/import"),
    ("PATCH", "/products/1"),
    ("POST", "/products/1/reviews"),
    ("PATCH", "/products/1/reviews/1"),
    ("DELETE", "/products/1/reviews/1"),
    ("GET", "/trends"),
]
NEEDS_AN_ADMIN = [
    ("GET", "/accounts"),
    ("GET", "/accounts/1"),
    ("PATCH", "/accounts/1"),
    ("POST", "/orders/00000000-0000-7000-8000-000000000000/confirm"),
    ("POST", "/orders/import"),
    ("POST", "/products"),
    ("POST", "/products/import"),
    ("PATCH", "/products/1"),
    ("GET", "/trends"),
]


@pytest.mark.parametrize(("method", "path"), NEEDS_A_TOKEN)
async def test_bad_expired_and_foreign_tokens_open_nothing(shared_api: RunningApi, method: str, path: str) -> None:
    caller = Caller(1, "ADMIN")
    expired = shared_api.service.log_in.signer.sign(caller, lifetime_s=-3_600)
    foreign = TokenSigner(Ed25519PrivateKey.generate()).sign(caller)
    claims = jwt.decode(foreign, options={"verify_signature": False})
    unsigned = jwt.encode(claims, "", "none")
    for headers in ({}, *({"Authorization": f"Bearer {token}"} for token in ("x.y.z", expired, foreign, unsigned))):
        answer = await shared_api.client.request(method, path, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("method", "path"), NEEDS_AN_ADMIN)
async def test_a_customer_does_not_do_what_admins_do(
    shared_api: RunningApi, customer: Member, method: str, path: str
) -> None:
    answer = await shared_api.client.request(method, path, headers=customer.headers)
    assert answer.status_code == 403


async def test_every_operation_is_documented_with_its_answer(shared_api: RunningApi) -> None:
    schema = (await shared_api.client.get("/openapi.json")).json()
    operations = {
        (method.upper(), path): operation
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    }
    secured = {key for key, operation in operations.items() if "security" in operation}
    assert secured == {key for key, access in ACCESS.items() if key in operations and access.knows_callers}
    assert all(operation.get("description") for operation in operations.values())
    assert "password" not in json.dumps(schema["components"]["schemas"]["AccountAnswer"])
