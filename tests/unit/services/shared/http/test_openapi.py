"""The document of an API says which statuses can come, with the types of their problems, and how to log in."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, Header, Response
from pydantic import BaseModel

from ordercast.services.shared.http.app import create_app
from ordercast.services.shared.http.authentication import CurrentCaller
from ordercast.services.shared.http.problem import ProblemTable
from ordercast.services.shared.http.raises import raises
from ordercast.services.shared.problem_types.problem_type import ProblemType
from tests.support.small_app import client_of, small_service, wiring_of

router = APIRouter(tags=["things"])


class Thing(BaseModel):
    name: str


class Busy(Exception):
    pass


class Taken(Exception):
    pass


PROBLEMS: ProblemTable = {
    Busy: ProblemType("busy", 503, "Too busy", retry_after=1),
    Taken: ProblemType("taken", 409, "Taken"),
}


@router.post("/things", status_code=201)
@raises(Taken, Busy)
async def make(body: Thing, _: CurrentCaller, response: Response, idempotency_key: str | None = Header(None)) -> Thing:
    """Makes a thing, as
    it should be. More is said here.

    And here.
    """
    response.headers["Location"] = "/things/1"
    return body


@router.get("/things")
async def things(_: CurrentCaller) -> list[Thing]:
    """Things."""
    return []


@router.get("/open")
async def anybody() -> str:
    """Open to all."""
    return "yes"


def app_with(**options: Any) -> FastAPI:
    return create_app(title="Small", wiring=wiring_of(small_service()), routers=[router], problems=PROBLEMS, **options)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return app_with(token_url="/auth/token").openapi()


def kinds(document: dict[str, Any], method: str, path: str) -> Iterator[tuple[str, list[str]]]:
    for status, response in document["paths"][path][method]["responses"].items():
        if problem := response.get("content", {}).get("application/problem+json"):
            yield status, [kind.split("/")[-1] for kind in problem["schema"]["allOf"][1]["properties"]["type"]["enum"]]


def test_a_route_has_the_statuses_that_follow_from_it_and_those_that_it_names(document: dict[str, Any]) -> None:
    assert dict(kinds(document, "post", "/things")) == {
        "400": ["malformed-body"],
        "401": ["not-authenticated"],
        "403": ["forbidden"],
        "409": ["taken"],
        "413": ["content-too-large"],
        "415": ["unsupported-media-type"],
        "422": ["invalid-request"],
        "500": ["internal-error"],
        "503": ["unavailable", "busy"],
    }
    assert set(dict(kinds(document, "get", "/things"))) == {"401", "403", "422", "500", "503"}
    assert set(dict(kinds(document, "get", "/open"))) == {"422", "500", "503"}
    assert set(dict(kinds(document, "get", "/healthz"))) == {"500"}
    assert dict(kinds(document, "get", "/readyz"))["503"] == ["not-ready"]
    assert "default" not in document["paths"]["/things"]["post"]["responses"]
    assert "HTTPValidationError" not in str(document)


def test_answers_have_their_headers(document: dict[str, Any]) -> None:
    responses = document["paths"]["/things"]["post"]["responses"]
    assert set(responses["201"]["headers"]) == {"Location", "Idempotency-Replayed"}
    assert set(responses["503"]["headers"]) == {"Retry-After"}
    assert "headers" not in document["paths"]["/open"]["get"]["responses"]["200"]


def test_a_summary_is_the_first_sentence_of_what_a_route_says(document: dict[str, Any]) -> None:
    assert document["paths"]["/things"]["post"]["summary"] == "Makes a thing, as it should be"
    assert document["paths"]["/open"]["get"]["summary"] == "Open to all"


def test_the_documentation_logs_in_where_tokens_are_given_out(document: dict[str, Any]) -> None:
    scheme = document["components"]["securitySchemes"]["access_token"]
    assert scheme == {"type": "oauth2", "flows": {"password": {"tokenUrl": "/auth/token", "scopes": {}}}}
    elsewhere = app_with().openapi()["components"]["securitySchemes"]["access_token"]
    assert (elsewhere["type"], elsewhere["scheme"]) == ("http", "bearer")
    assert document["servers"][0]["url"] == "/"


ORIGIN = {"Origin": "https://shop.example"}


async def test_no_page_of_another_origin_reads_answers_unless_the_setting_names_it() -> None:
    async with client_of(app_with()) as client:
        assert "access-control-allow-origin" not in (await client.get("/open", headers=ORIGIN)).headers
    async with client_of(app_with(cors_origins=["https://shop.example"])) as client:
        answer = await client.get("/open", headers=ORIGIN)
        assert answer.headers["access-control-allow-origin"] == "https://shop.example"
        assert "Idempotency-Replayed" in answer.headers["access-control-expose-headers"]
        other = await client.get("/open", headers={"Origin": "https://other.example"})
        assert "access-control-allow-origin" not in other.headers
        asked = ORIGIN | {
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization, idempotency-key",
        }
        assert (await client.options("/things", headers=asked)).status_code == 200
