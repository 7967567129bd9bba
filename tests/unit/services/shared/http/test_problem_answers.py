"""Every error leaves as problem+json, says what is wrong, and never what was sent."""

import gzip
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Header, Request
from pydantic import Field, TypeAdapter, ValidationError
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from structlog.testing import capture_logs

from ordercast.client.request import problem_of
from ordercast.contracts.because import sentence
from ordercast.services.shared.http.problem import PROBLEM_JSON, Problem, field_errors, of_error
from ordercast.services.shared.http.requests import (
    MAX_NAMED_ERRORS,
    BodyModel,
    OneLine,
    PathId,
    RequestModel,
    Timestamp,
)
from ordercast.services.shared.problem_types.problem_type import ProblemType
from ordercast.services.shared.telemetry.limit_repeats import LimitRepeats
from tests.support.small_app import client_of, small_app

router = APIRouter()


class Item(RequestModel):
    quantity: Annotated[int, Field(ge=1)]


class Body(BodyModel):
    name: Annotated[str, OneLine(max_length=10)]
    items: Annotated[list[Item], Field(default_factory=list)]


class Times(RequestModel):
    at: Timestamp


class Refused(Exception):
    fields = {"name": "is taken"}  # noqa: RUF012 - as a service's error carries it


class RefusedMore(Refused):
    """A class of its own without a line in the table."""


class Busy(Exception):
    pass


ERRORS: dict[str, Exception] = {
    "refused": Refused("the name is taken"),
    "refused-more": RefusedMore("the name is taken"),
    "busy": Busy(),
    "problem": Problem(ProblemType("teapot", 418, "I am a teapot"), members={"colour": "blue"}),
    "bug": ZeroDivisionError("secret of the house"),
    "connection-refused": ConnectionRefusedError("no route to db.internal"),
    "pool-timeout": PoolTimeout("pool is empty"),
    "connection-lost": DBAPIError("SELECT secret", {}, Exception("closed"), connection_invalidated=True),
    "bad-sql": ProgrammingError("SELECT secret", {}, Exception("no such table")),
    "file-missing": FileNotFoundError("/secret/path"),
}


@router.post("/things")
async def create(body: Body, x_small: Annotated[int, Header(le=5)] = 0) -> dict[str, int]:
    return {"items": len(body.items)}


@router.delete("/things")
async def delete() -> None:
    pass


@router.post("/times")
async def tell_time(body: Times) -> None:
    pass


@router.get("/things/{thing_id}")
async def get_thing(thing_id: PathId) -> int:
    return thing_id


@router.get("/raise/{name}")
async def fail(name: str) -> None:
    raise ERRORS[name]


@router.post("/streamed")
async def read_stream(request: Request) -> dict[str, int]:
    return {"bytes": sum([len(chunk) async for chunk in request.stream()])}


PROBLEMS = {
    Refused: ProblemType("refused", 409, "Refused"),
    Busy: ProblemType("busy", 503, "Busy", retry_after=7),
}
JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = small_app(router, problems=PROBLEMS, body_limits={"/streamed": None})
    async with client_of(app) as client:
        yield client


def fields_of(answer: httpx.Response) -> list[str]:
    return [error["field"] for error in answer.json()["errors"]]


async def test_an_error_of_the_table_is_answered_with_its_type_detail_and_fields(client: httpx.AsyncClient) -> None:
    answer = await client.get("/raise/refused")
    assert answer.status_code == 409
    assert answer.headers["content-type"] == PROBLEM_JSON
    assert answer.json() == {
        "type": "/problems/refused",
        "title": "Refused",
        "status": 409,
        "detail": "the name is taken",
        "errors": [{"field": "name", "message": "is taken"}],
    }


async def test_a_subclass_is_answered_like_its_nearest_base(client: httpx.AsyncClient) -> None:
    assert (await client.get("/raise/refused-more")).json() == (await client.get("/raise/refused")).json()


async def test_a_transient_error_says_when_to_try_again(client: httpx.AsyncClient) -> None:
    answer = await client.get("/raise/busy")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")


async def test_a_problem_may_carry_members_of_its_own(client: httpx.AsyncClient) -> None:
    assert (await client.get("/raise/problem")).json()["colour"] == "blue"


@pytest.mark.parametrize("name", ["connection-refused", "pool-timeout", "connection-lost"])
async def test_a_database_that_is_away_is_503_without_internals(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.get(f"/raise/{name}")
    assert answer.status_code == 503
    assert "retry-after" in answer.headers
    assert "internal" not in answer.text
    assert "SELECT" not in answer.text


async def test_while_servers_are_away_each_cause_is_logged_once_a_second(client: httpx.AsyncClient) -> None:
    with capture_logs(processors=[LimitRepeats(clock=lambda: 0.0)]) as logs:
        for _ in range(20):
            for name in ("connection-refused", "pool-timeout"):
                assert (await client.get(f"/raise/{name}")).status_code == 503
    assert [line["cause"] for line in logs] == ["no route to db.internal", "pool is empty"]


@pytest.mark.parametrize("name", ["bug", "bad-sql", "file-missing"])
async def test_an_unexpected_error_is_500_without_internals_and_logged_once_with_the_trace(
    client: httpx.AsyncClient, name: str
) -> None:
    with capture_logs() as logs:
        answer = await client.get(f"/raise/{name}", headers={"traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"})
    assert answer.status_code == 500
    assert answer.json() == {
        "type": "/problems/internal-error",
        "title": "Something went wrong on our side",
        "status": 500,
        "trace_id": "ab" * 16,
    }
    assert [(line["event"], line["path"]) for line in logs] == [("request failed", f"/raise/{name}")]


async def test_unknown_paths_and_methods_are_problems_too(client: httpx.AsyncClient) -> None:
    missing, wrong_method = await client.get("/nowhere"), await client.get("/things")
    assert missing.json() == {
        "type": "/problems/not-found",
        "title": "Not Found",
        "status": 404,
        "detail": "there is nothing at this path: /docs shows what there is",
    }
    assert wrong_method.json()["status"] == 405
    assert wrong_method.headers["allow"] == "DELETE, POST"
    assert missing.headers["content-type"] == wrong_method.headers["content-type"] == PROBLEM_JSON


@pytest.mark.parametrize("thing_id", ["1_0", "1.0", "+1", "%201", "1%0a", "\u0661"])
async def test_an_id_in_a_path_is_digits_alone(client: httpx.AsyncClient, thing_id: str) -> None:
    answer = await client.get(f"/things/{thing_id}")
    assert (answer.status_code, fields_of(answer)) == (422, ["thing_id"])


@pytest.mark.parametrize(
    "time", [1767323045, "1767323045", "1", "-1.5", "2026-01-02", "2026-01-02T03:04:05", "12:30Z", ""]
)
async def test_a_time_has_its_date_and_zone(client: httpx.AsyncClient, time: object) -> None:
    answer = await client.post("/times", json={"at": time})
    assert (answer.status_code, fields_of(answer)) == (422, ["at"])


@pytest.mark.parametrize(
    "time", ["2026-01-02T03:04:05Z", "2026-01-02t03:04:05.123456+05:45", "2026-01-02 03:04:05-00:00"]
)
async def test_each_form_of_rfc_3339_is_a_time(client: httpx.AsyncClient, time: str) -> None:
    assert (await client.post("/times", json={"at": time})).status_code == 200


async def test_a_packed_body_is_told_from_a_damaged_one(client: httpx.AsyncClient) -> None:
    body = gzip.compress(b'{"name": "x"}')
    packed = await client.post("/things", content=body, headers=JSON | {"Content-Encoding": "gzip"})
    damaged = await client.post("/things", content=body, headers=JSON)
    assert (packed.status_code, packed.json()["detail"]) == (415, "Content-Encoding 'gzip' is not accepted here")
    assert (damaged.status_code, damaged.json()["detail"]) == (400, "the body is not UTF-8")


async def test_each_bad_field_is_named_with_its_place(client: httpx.AsyncClient) -> None:
    body = {"name": "", "items": [{"quantity": 1}, {"quantity": 0}], "colour": "blue"}
    answer = await client.post("/things", json=body, headers={"X-Small": "6"})
    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/invalid-request"
    assert sorted(fields_of(answer)) == ["colour", "items.1.quantity", "name", "x-small"]


@pytest.mark.parametrize("quantity", ["5", 5.5, 5.0, True, None, [5], 10**400])
async def test_only_an_integer_is_an_integer(client: httpx.AsyncClient, quantity: object) -> None:
    answer = await client.post("/things", json={"name": "x", "items": [{"quantity": quantity}]})
    if quantity == 10**400:
        assert answer.status_code == 200  # an integer, however large: its own limit is the field's
    else:
        assert answer.status_code == 422
        assert fields_of(answer) == ["items.0.quantity"]


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b'{"name": ', "no JSON at character 9"),
        (b"name=x", "no JSON at character 0"),
        ('{"name": "Käse"}'.encode("latin-1"), "the body is not UTF-8"),
        (b"\xff\xfe\x00", None),
        (b"[" * 900, None),
        ('{"name": "x"}'.encode("utf-16"), "the body is no JSON that all read alike"),
        ('{"name": "x"}'.encode("utf-16-be"), "the body is no JSON that all read alike"),
        ('{"name": "x"}'.encode("utf-32"), "the body is no JSON that all read alike"),
        (b'{"name": "x", "name": "y"}', 'the body is no JSON that all read alike: the name "name" comes twice'),
        (b'{"name": "x", "n\\u0061me": "y"}', 'the body is no JSON that all read alike: the name "name" comes twice'),
        (b'{"name": "x", "items": [{"quantity": 1, "quantity": 2}]}', "the body is no JSON that all read alike"),
        (b'{"name": "x", "\\ud800": 1}', "the body is no JSON that all read alike"),
        (b'{"%s": 1, "%s": 2}' % (b"n" * 400, b"n" * 400), "the body is no JSON that all read alike"),
    ],
)
async def test_a_body_that_is_no_json_is_400(client: httpx.AsyncClient, content: bytes, detail: str | None) -> None:
    answer = await client.post("/things", content=content, headers=JSON)
    assert answer.status_code == 400
    assert answer.json()["type"] == "/problems/malformed-body"
    assert detail is None or answer.json()["detail"].startswith(detail)
    assert len(answer.json()["detail"]) < 300


@pytest.mark.parametrize("body", [b"null", b"[]", b'"name"', b"7", b""])
async def test_json_of_another_shape_is_422(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/things", content=body, headers=JSON)
    assert answer.status_code == 422
    assert fields_of(answer) == ["body"]


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", None])
async def test_another_content_type_is_415(client: httpx.AsyncClient, content_type: str | None) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    answer = await client.post("/things", content=b'{"name": "x"}', headers=headers)
    assert answer.status_code == 415
    assert "application/json" in answer.json()["detail"]


async def test_what_was_sent_never_comes_back(client: httpx.AsyncClient) -> None:
    secret = "hunter2-hunter2"
    for body in ({"name": secret}, {"name": ["x"], "items": secret}, {"name": {"deep": secret}}, [secret], secret):
        answer = await client.post("/things", json=body)
        assert answer.status_code == 422
        assert secret not in answer.text


async def test_a_byte_order_mark_is_no_part_of_a_body(client: httpx.AsyncClient) -> None:
    answer = await client.post("/things", content=b'\xef\xbb\xbf{"name": "x"}', headers=JSON)
    assert answer.status_code == 200


async def test_far_too_many_fields_and_a_long_name_get_a_short_answer(client: httpx.AsyncClient) -> None:
    many = await client.post("/things", json={"name": "x"} | {f"f{number}": 1 for number in range(90)})
    assert len(many.json()["errors"]) == 49  # of the first 50 members, of which one is right
    long = await client.post("/things", json={"name": "x", "f" * 500: 1})
    assert fields_of(long) == ["f" * 100]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({f"f{number}": 1 for number in range(70_000)}, "f0"),
        ({"items": [{f"f{number}": 1 for number in range(35)}] * 2_000}, "items.0.quantity"),
        ({"name": "x", "items": [{"quantity": 1}] * 100 + [{}] * 70_000}, "body"),
        ({f"f{number}": json.loads("[" * 900 + "]" * 900) for number in range(70)}, "f0"),
    ],
    ids=["unknown fields", "wrong items", "wrong items behind right ones", "deep values"],
)
def test_a_body_with_errors_without_end_makes_few_of_them(body: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Body).validate_python(body)
    assert caught.value.error_count() <= MAX_NAMED_ERRORS * (MAX_NAMED_ERRORS + 1)
    errors = field_errors([error | {"loc": ("body", *error["loc"])} for error in caught.value.errors()])
    assert named in {error.field for error in errors[:MAX_NAMED_ERRORS]}


async def test_a_body_over_the_limit_is_413_announced_or_not(client: httpx.AsyncClient) -> None:
    body = json.dumps({"name": "x" * 1_000}).encode()

    async def in_chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 100):
            yield body[start : start + 100]

    for content in (body, in_chunks()):
        answer = await client.post("/things", content=content, headers=JSON)
        assert answer.status_code == 413
        assert answer.headers["content-type"] == PROBLEM_JSON
        assert answer.headers["connection"] == "close"
        assert "1000 bytes" in answer.json()["detail"]


async def test_a_body_of_exactly_the_limit_is_taken(client: httpx.AsyncClient) -> None:
    body = b'{"name": "x"}'.ljust(1_000)
    assert (await client.post("/things", content=body, headers=JSON)).status_code == 200


async def test_a_path_may_take_bodies_of_any_length(client: httpx.AsyncClient) -> None:
    answer = await client.post("/streamed", content=b"x" * 100_000)
    assert answer.json() == {"bytes": 100_000}


def test_a_detail_that_is_a_sentence_is_told_as_data_too_and_the_client_reads_it() -> None:
    told = sentence("no-order", order="7")
    for detail, because in ((told, told.because), ("there is no order 7", None)):
        answer = of_error(Refused(detail), PROBLEMS).response()
        problem = problem_of(httpx.Response(answer.status_code, content=bytes(answer.body)))
        assert (problem.detail, problem.because) == ("there is no order 7", because)
