"""How often a caller may ask: by account, by address without a token, and each answer says what is left."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx
import pytest
from asgi_lifespan import LifespanManager
from fastapi import APIRouter

from ordercast.services.shared.http.caller import Caller
from ordercast.services.shared.http.problem import PROBLEM_JSON
from ordercast.services.shared.http.rate_limits import STAFF_FACTOR, RateLimit
from tests.support.small_app import SmallService, small_app, small_service

router = APIRouter()
let_go = asyncio.Event()
waiting: list[int] = []


@router.post("/things")
async def create() -> str:
    return "made"


@router.get("/things/{thing_id}")
async def wait(thing_id: int) -> int:
    waiting.append(thing_id)
    await let_go.wait()
    return thing_id


THINGS = RateLimit("things", "POST", "/things", per_minute=2)
WAITING = RateLimit("waiting", "GET", "/things/{thing_id}", per_minute=100, at_once=2)


@pytest.fixture(autouse=True)
def nobody_waits() -> None:
    let_go.clear()
    waiting.clear()


@asynccontextmanager
async def asking(
    limits: Sequence[RateLimit], *, service: SmallService | None = None
) -> AsyncIterator[tuple[httpx.AsyncClient, httpx.AsyncClient]]:
    """Two clients, each with an address of its own."""
    app = small_app(router, service=service, rate_limits=limits)
    async with LifespanManager(app):
        one, other = (
            httpx.AsyncClient(transport=httpx.ASGITransport(app, client=(address, 1)), base_url="http://small")
            for address in ("192.0.2.1", "192.0.2.2")
        )
        async with one, other:
            yield one, other


async def test_each_answer_says_what_is_left_and_one_too_many_when_there_is_more() -> None:
    async with asking([THINGS]) as (one, _):
        answers = [await one.post("/things") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"things";q=2;w=60'}
    assert [answer.headers["ratelimit"] for answer in answers[:2]] == ['"things";r=1;t=30', '"things";r=0;t=30']
    refused = answers[2]
    assert refused.headers["content-type"] == PROBLEM_JSON
    assert refused.json()["type"] == "/problems/too-many-requests"
    assert 29 <= int(refused.headers["retry-after"]) <= 30
    assert refused.headers["ratelimit"] == f'"things";r=0;t={refused.headers["retry-after"]}'


async def test_who_asks_is_the_account_and_without_a_good_token_the_address() -> None:
    service = small_service()
    ann, bob = ({"Authorization": f"Bearer {service.signer.sign(Caller(number, 'CUSTOMER'))}"} for number in (1, 2))
    async with asking([THINGS], service=service) as (one, other):
        statuses = [
            [(await client.post("/things", headers=headers)).status_code for client in (one, other, one)]
            for headers in (ann, bob)
        ]
        made_up = [(await one.post("/things", headers={"Authorization": "Bearer x.y.z"})).status_code for _ in "ab"]
        without = [(await client.post("/things")).status_code for client in (one, other, other)]
    assert statuses == [[200, 200, 429]] * 2  # whatever address an account comes from
    assert made_up == [200, 200]
    assert without == [429, 200, 200]


async def test_an_admin_may_ask_many_times_as_often() -> None:
    service = small_service()
    headers = {"Authorization": f"Bearer {service.signer.sign(Caller(1, 'ADMIN'))}"}
    async with asking([THINGS], service=service) as (one, _):
        answer = [await one.post("/things", headers=headers) for _ in range(5)][-1]
    assert answer.status_code == 200
    assert answer.headers["ratelimit-policy"] == f'"things";q={2 * STAFF_FACTOR};w=60'


async def until_waiting(number: int) -> None:
    async with asyncio.timeout(10):
        while len(waiting) < number:
            await asyncio.sleep(0)


async def test_what_runs_at_once_is_bounded_for_each_and_free_again_at_its_end() -> None:
    async with asking([WAITING]) as (one, other):
        running = [asyncio.create_task(one.get(f"/things/{number}")) for number in (1, 2)]
        await until_waiting(2)
        for _ in range(2):
            refused = await one.get("/things/3")
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        running.append(asyncio.create_task(other.get("/things/3")))
        await until_waiting(3)
        let_go.set()
        assert [(await answer).status_code for answer in running] == [200, 200, 200]
        assert (await one.get("/things/3")).status_code == 200


async def test_a_client_that_leaves_frees_its_place() -> None:
    async with asking([WAITING]) as (one, _):
        gone = [asyncio.create_task(one.get("/things/1")) for _ in range(2)]
        await until_waiting(2)
        assert (await one.get("/things/2")).status_code == 429
        for task in gone:
            task.cancel()
        await asyncio.gather(*gone, return_exceptions=True)
        let_go.set()
        assert (await one.get("/things/2")).status_code == 200


async def test_other_methods_and_paths_are_not_counted() -> None:
    async with asking([THINGS]) as (one, _):
        answers = [await one.get(path) for path in ("/things", "/healthz", "/things/x") for _ in range(5)]
    assert 429 not in {answer.status_code for answer in answers}


async def test_the_document_names_the_refusal_and_the_headers() -> None:
    async with asking([THINGS]) as (one, _):
        operation = (await one.get("/openapi.json")).json()["paths"]["/things"]["post"]
    assert "too-many-requests" in operation["responses"]["429"]["description"]
    for status in ("200", "429"):
        assert {"RateLimit", "RateLimit-Policy"} <= operation["responses"][status]["headers"].keys()
