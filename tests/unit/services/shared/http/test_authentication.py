"""A route gets its caller from the token, or the client hears what is wrong with it."""

from collections.abc import AsyncIterator

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import APIRouter

from ordercast.services.shared.http.access import parse
from ordercast.services.shared.http.authentication import CurrentCaller
from ordercast.services.shared.http.caller import Caller
from ordercast.services.shared.http.tokens import TokenSigner
from tests.support.small_app import client_of, small_app, small_service

CUSTOMER = Caller(7, "CUSTOMER")
ADMIN = Caller(1, "ADMIN")

router = APIRouter()


@router.get("/me")
async def me(caller: CurrentCaller) -> int:
    return caller.account_id


@router.get("/admins")
async def admins(admin: CurrentCaller) -> int:
    return admin.account_id


@router.get("/unlisted")
async def unlisted(_: CurrentCaller) -> None: ...


SERVICE = small_service()
ACCESS = parse("""
             CUSTOMER SERVICE OPERATOR ADMIN scope
GET /me      own      own     own      own   things:read
GET /admins  none     none    none     any   things:read
""")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(small_app(router, service=SERVICE, access=ACCESS)) as client:
        yield client


def bearer(caller: Caller) -> dict[str, str]:
    return {"Authorization": f"Bearer {SERVICE.signer.sign(caller)}"}


async def test_a_caller_comes_in_with_a_good_token(client: httpx.AsyncClient) -> None:
    assert (await client.get("/me", headers=bearer(CUSTOMER))).json() == 7
    assert (await client.get("/admins", headers=bearer(ADMIN))).json() == 1


async def test_the_scheme_may_be_written_in_any_case(client: httpx.AsyncClient) -> None:
    token = SERVICE.signer.sign(CUSTOMER)
    assert (await client.get("/me", headers={"Authorization": f"bearer {token}"})).status_code == 200


@pytest.mark.parametrize("value", [None, "", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "token"])
async def test_without_a_token_the_answer_asks_for_one(client: httpx.AsyncClient, value: str | None) -> None:
    answer = await client.get("/me", headers={"Authorization": value} if value is not None else {})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["type"] == "/problems/not-authenticated"


async def test_a_bad_token_is_401_and_says_why_but_not_to_whom(client: httpx.AsyncClient) -> None:
    expired = SERVICE.signer.sign(CUSTOMER, lifetime_s=-60)
    foreign = TokenSigner(Ed25519PrivateKey.generate()).sign(CUSTOMER)
    for token, reason in ((expired, "the token has expired"), (foreign, "the token is not valid")):
        answer = await client.get("/me", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith('Bearer error="invalid_token"')
        assert answer.json()["detail"] == reason


async def test_a_customer_is_no_admin(client: httpx.AsyncClient) -> None:
    answer = await client.get("/admins", headers=bearer(CUSTOMER))
    assert answer.status_code == 403
    assert answer.json()["type"] == "/problems/forbidden"


async def test_a_route_that_the_table_misses_lets_nobody_in(client: httpx.AsyncClient) -> None:
    assert (await client.get("/unlisted", headers=bearer(ADMIN))).status_code == 500


async def test_an_answer_to_whoever_sends_a_token_is_not_to_be_stored(client: httpx.AsyncClient) -> None:
    for path, headers in (("/me", bearer(CUSTOMER)), ("/admins", bearer(CUSTOMER)), ("/me", {"Authorization": "x"})):
        assert (await client.get(path, headers=headers)).headers["cache-control"] == "no-store"
    assert "cache-control" not in (await client.get("/healthz")).headers
