"""The client against a server that misbehaves on purpose: what is tried again, what is not, and what errors look like.

With asyncio and without.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from types import SimpleNamespace
from uuid import UUID

import pytest

from ordercast.client import Addresses, Client, open_client
from ordercast.client.errors import AnswerUnreadable, ApiKeyUnusable, ProblemAnswer, ServiceUnreachable
from ordercast.client.request import Request
from ordercast.client.transport import open_transport
from tests.support.client_forms import open_in_threads
from tests.support.oracle_http import Answer, Answerer, Received, serving

ORDER = {
    "id": "01890a5d-ac96-774b-bcce-b302099a8057",
    "order_ref": None,
    "account_id": 7,
    "account_ref": None,
    "kind": "order",
    "status": "PENDING",
    "items": [
        {
            "line": 1,
            "product_id": 3,
            "sku": "MUG",
            "quantity": 2,
            "cancelled_quantity": 0,
            "unit_price": "12.50",
            "line_total": "25.00",
        }
    ],
    "total": "25.00",
    "currency": "EUR",
    "created_at": "2026-01-01T10:00:00Z",
    "confirmed_at": None,
    "cancelled_at": None,
    "updated_at": "2026-01-01T10:00:00Z",
}
TOKENS = {"access_token": "first", "refresh_token": "r1", "token_type": "bearer", "expires_in": 900}


@pytest.fixture(autouse=True, params=[open_client, open_in_threads], ids=["asyncio", "blocking"])
def form(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test runs with both."""
    monkeypatch.setattr(sys.modules[__name__], "open_client", request.param)


def too_many(wait: str) -> Answer:
    return Answer(429, {"type": "/problems/too-many-views", "title": "Too many views"}, {"Retry-After": wait})


UNAVAILABLE = Answer(503, {"type": "/problems/kafka-unavailable", "title": "Kafka cannot be reached", "status": 503})


async def test_an_order_comes_back_with_decimals_and_a_uuid() -> None:
    async with against(Answer(201, ORDER)) as (client, received):
        order = await client.order_api.place_order([(3, 2)])
    assert order.id == UUID(str(ORDER["id"]))
    assert order.total == Decimal("25.00")
    assert json.loads(received[0].body) == {"items": [{"product_id": 3, "quantity": 2}]}


async def test_an_order_that_met_a_transient_error_is_sent_again_with_the_same_key() -> None:
    in_flight = Answer(409, {"title": "The first request is still running"}, {"Retry-After": "1"})
    async with against(UNAVAILABLE, in_flight, Answer(201, ORDER)) as (client, received):
        await client.order_api.place_order([(3, 2)])
    keys = [request.headers["idempotency-key"] for request in received]
    assert len(keys) == 3
    assert len(set(keys)) == 1


async def test_who_asks_too_often_is_asked_again_after_the_time_that_the_answer_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses: list[float] = []

    async def sleep(pause: float) -> None:
        pauses.append(pause)

    monkeypatch.setattr("ordercast.client.transport.asyncio.sleep", sleep)
    clock = SimpleNamespace(monotonic=time.monotonic, sleep=pauses.append)
    monkeypatch.setattr("ordercast.client.blocking.transport.time", clock)
    async with against(*[too_many("3")] * 2, Answer(202, {"event_id": "1"})) as (client, received):
        await client.order_api.add_view(3)
    assert len(received) == 3
    assert [3 < pause < 3.5 for pause in pauses] == [True, True]


@pytest.mark.parametrize("wait", ["60", "9" * 400])
async def test_who_would_have_to_wait_too_long_is_told_at_once(wait: str) -> None:
    async with against(too_many(wait)) as (client, received):
        with pytest.raises(ProblemAnswer, match="Too many views"):
            await client.order_api.add_view(3)
    assert len(received) == 1


async def test_an_order_whose_answer_was_lost_is_sent_again_with_the_same_key() -> None:
    async with against(None, Answer(201, ORDER)) as (client, received):
        await client.order_api.place_order([(3, 2)], key="mine")
    assert [request.headers["idempotency-key"] for request in received] == ["mine", "mine"]


@pytest.mark.parametrize("answer", [UNAVAILABLE, None])
async def test_a_view_is_sent_again_with_the_same_key(answer: Answer | None) -> None:
    async with against(answer, Answer(202, {"event_id": "1"})) as (client, received):
        await client.order_api.add_view(3)
    keys = [request.headers["idempotency-key"] for request in received]
    assert (len(keys), len(set(keys))) == (2, 1)


async def test_a_refusal_is_an_error_with_its_detail_and_fields_and_is_not_tried_again() -> None:
    body = {
        "type": "/problems/invalid-request",
        "title": "The request is not valid",
        "status": 422,
        "errors": [{"field": "items.0.quantity", "message": "must be 1 or more"}],
    }
    async with against(Answer(422, body)) as (client, received):
        with pytest.raises(ProblemAnswer) as caught:
            await client.order_api.place_order([(3, 0)])
    assert (caught.value.status, caught.value.kind) == (422, "invalid-request")
    assert caught.value.fields == {"items.0.quantity": "must be 1 or more"}
    assert str(caught.value) == "The request is not valid (items.0.quantity: must be 1 or more)"
    assert len(received) == 1


async def test_an_import_of_which_nothing_came_in_has_its_answer_and_a_refused_request_is_an_error() -> None:
    nothing = {"created": 0, "repeated": 0, "changed": 0, "replaced": 0, "refused": [{"line": 1, "reason": "a reason"}]}
    problem = {"type": "/problems/not-ndjson", "title": "The body is no NDJSON", "status": 422}
    answers = (
        Answer(422, nothing, {"Content-Type": "application/json"}),
        Answer(422, problem, {"Content-Type": "application/problem+json"}),
    )
    async with against(*answers) as (client, received):
        answer = await client.order_api.import_orders([{}], create_missing=True, currency="EUR", on_conflict="replace")
        assert [refused.reason for refused in answer.refused] == ["a reason"]
        with pytest.raises(ProblemAnswer, match="no NDJSON"):
            await client.order_api.import_orders([{}])
    assert received[0].query == {"create_missing": "true", "currency": "EUR", "on_conflict": "replace"}
    assert received[1].query == {}


async def test_an_error_that_is_no_problem_json_still_tells_its_status() -> None:
    async with against(Answer(500, "oops")) as (client, _):
        with pytest.raises(ProblemAnswer, match="500 Internal Server Error"):
            await client.order_api.me()


async def test_an_answer_of_another_program_is_named() -> None:
    async with against(Answer(200, {"hello": "world"})) as (client, _):
        with pytest.raises(AnswerUnreadable, match="/accounts/me"):
            await client.order_api.me()


async def test_a_client_gives_up_when_its_time_is_over() -> None:
    async with open_client(Addresses("http://127.0.0.1:9", "", ""), retry_for_s=0.3) as client:
        with pytest.raises(ServiceUnreachable, match="does not answer"):
            await client.order_api.me()


async def test_a_silence_has_a_name() -> None:
    async with silence() as address, open_transport(connections=1, retry_for_s=0) as transport:
        with pytest.raises(ServiceUnreachable, match=r"does not answer: ReadTimeout$"):
            await transport.send(Request("GET", address, read_timeout_s=0.05))
        with pytest.raises(ServiceUnreachable, match=r"broke off: ReadTimeout$"):
            async with transport.stream(Request("GET", address, read_timeout_s=0.05)):
                pass


async def test_pages_are_followed_to_the_end() -> None:
    products = [{"id": n, "sku": f"s{n}", "name": "n", "price": "1.5", "currency": "EUR"} for n in (1, 2, 3)]
    pages = [{"data": products[:2], "has_more": True}, {"data": products[2:], "has_more": False}]
    async with against(*(Answer(200, page) for page in pages)) as (client, received):
        assert [product.id async for product in client.order_api.products()] == [1, 2, 3]
    assert [request.query.get("starting_after") for request in received] == [None, "2"]


async def test_orders_are_filtered_on_every_page() -> None:
    pages = [{"data": [ORDER], "has_more": True}, {"data": [], "has_more": False}]
    async with against(*(Answer(200, page) for page in pages)) as (client, received):
        filters = {"status": "PENDING", "account_id": 7, "starting_after": UUID(int=9)}
        [order] = [order async for order in client.order_api.orders(**filters)]
    assert [request.query for request in received] == [
        {"status": "PENDING", "account_id": "7", "limit": "100", "starting_after": str(UUID(int=9))},
        {"status": "PENDING", "account_id": "7", "limit": "100", "starting_after": str(order.id)},
    ]


async def test_a_return_that_met_a_transient_error_is_sent_again_with_the_same_key() -> None:
    async with against(UNAVAILABLE, Answer(200, ORDER)) as (client, received):
        await client.order_api.cancel_order(UUID(str(ORDER["id"])), {1: 2})
    assert len({request.headers["idempotency-key"] for request in received}) == 1
    assert [json.loads(request.body) for request in received] == [{"items": [{"line": 1, "quantity": 2}]}] * 2


async def test_changes_are_followed_by_their_cursor() -> None:
    page = Answer(200, {"data": [ORDER], "has_more": False, "next_cursor": "c1"})
    async with against(page, page) as (client, received):
        changes = await client.order_api.changed_orders()
        await client.order_api.changed_orders(changes.next_cursor)
    assert [request.query["updated_after"] for request in received] == ["start", "c1"]


async def test_a_token_is_asked_for_once_by_many_requests_and_renewed_when_it_is_not_taken() -> None:
    account = {"id": 1, "email": "a@b.c", "nickname": "a", "role": "CUSTOMER", "login_type": "PASSWORD"}
    asked: list[str] = []

    async def answer(request: Received) -> Answer:
        asked.append(request.path)
        if request.path == "/auth/token":
            return Answer(200, TOKENS)
        if request.path == "/auth/refresh":
            return Answer(200, {**TOKENS, "access_token": "second"})
        taken = request.headers["authorization"] == "Bearer second"
        return Answer(200, account) if taken else Answer(401, {"title": "A valid access token is needed"})

    async with answered_by(answer) as anonymous:
        ann = await anonymous.log_in("a@b.c", "secret")
        await asyncio.gather(*(ann.order_api.me() for _ in range(5)))
    assert asked.count("/auth/token") == 1
    assert asked.count("/auth/refresh") == 1


async def test_a_refresh_token_that_is_refused_leads_to_a_new_login() -> None:
    ended = {**TOKENS, "expires_in": 0}
    account = {"id": 1, "email": "a@b.c", "nickname": "a", "role": "CUSTOMER", "login_type": "PASSWORD"}
    answers = [Answer(200, ended), Answer(401, {"title": "no"}), Answer(200, TOKENS), Answer(200, account)]
    async with against(*answers) as (anonymous, received):
        ann = await anonymous.log_in("a@b.c", "secret")
        await ann.order_api.me()
    assert [r.path for r in received] == ["/auth/token", "/auth/refresh", "/auth/token", "/accounts/me"]


async def test_an_api_key_is_sent_as_it_is_and_not_again_where_it_is_refused() -> None:
    account = {"id": 1, "email": "a@b.c", "nickname": "a", "role": "SERVICE", "login_type": "PASSWORD"}
    async with against(Answer(200, account), Answer(401, {"title": "no"})) as (anonymous, received):
        machine = anonymous.with_key("oc_1_secret")
        await machine.order_api.me()
        with pytest.raises(ProblemAnswer):
            await machine.order_api.me()
        assert "secret" not in repr(machine.order_api.session.login)
    assert [request.headers["authorization"] for request in received] == ["Bearer oc_1_secret"] * 2


@pytest.mark.parametrize("key", ["", " oc_1_secret", "oc_1_secret\n", "oc_1\rsecret", "oc_1_sécret", "oc_1_secret\x00"])
async def test_what_no_header_can_hold_is_no_api_key_and_is_not_shown(key: str) -> None:
    async with against() as (anonymous, received):
        with pytest.raises(ApiKeyUnusable) as refused:
            anonymous.with_key(key)
    assert "cret" not in str(refused.value)
    assert received == []


async def test_no_more_requests_are_under_way_than_there_are_connections() -> None:
    now = most = 0

    async def answer(request: Received) -> Answer:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1
        return Answer(201, ORDER)

    async with answered_by(answer, connections=4) as client:
        await asyncio.gather(*(client.order_api.place_order([(1, 1)]) for _ in range(40)))
    assert most == 4


async def test_events_of_a_training_are_read_as_they_come() -> None:
    stream = ': hello\n\nevent: epoch\nid: 1\ndata: {"epoch": 1}\n\nevent: end\ndata: {}\n\nevent: cut\ndata: {'
    async with against(Answer(200, stream)) as (client, _):
        events = [event async for event in client.trainer.events(UUID(int=1))]
    assert [(event.name, event.data, event.id) for event in events] == [
        ("epoch", '{"epoch": 1}', "1"),
        ("end", "{}", "1"),
    ]


@asynccontextmanager
async def against(*answers: Answer | None) -> AsyncIterator[tuple[Client, list[Received]]]:
    """A client of a server that gives these answers, one after the other; None is a connection that breaks."""
    received: list[Received] = []
    rest = list(answers)

    async def answer(request: Received) -> Answer | None:
        received.append(request)
        return rest.pop(0)

    async with answered_by(answer) as client:
        yield client, received
    assert rest == []


@asynccontextmanager
async def answered_by(answer: Answerer, *, connections: int = 8) -> AsyncIterator[Client]:
    async with serving(answer) as url, open_client(Addresses(url, url, url), connections=connections) as client:
        yield client


@asynccontextmanager
async def silence() -> AsyncIterator[str]:
    """The address of a server that takes connections and never answers."""
    ended = asyncio.Event()

    async def say_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ended.wait()
        writer.close()

    async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        try:
            yield f"http://{host}:{port}"
        finally:
            ended.set()


def test_an_error_says_nothing_twice() -> None:
    fields = {"recipe": "must be one of baseline, demand", "seed": "must be 0 or more"}
    error = ProblemAnswer(422, "/problems/invalid", "Not valid", "recipe must be one of baseline, demand", fields)
    assert str(error) == "Not valid: recipe must be one of baseline, demand (seed: must be 0 or more)"


@pytest.mark.parametrize(
    ("title", "detail", "said"),
    [
        ("There is no such webhook", "there is no webhook 7", "there is no webhook 7"),
        ("There is no such account", "account 9 is not yours, or not there", "account 9 is not yours, or not there"),
        ("There is no such account", None, "There is no such account"),
        ("There is no such order", "None has the id 7", "There is no such order: None has the id 7"),
    ],
)
def test_what_there_is_not_is_named_once(title: str, detail: str | None, said: str) -> None:
    assert str(ProblemAnswer(404, "/problems/gone", title, detail)) == said
