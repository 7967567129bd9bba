"""The span of a request: one, with what the semantic conventions ask for and nothing that tells of a person."""

from collections.abc import Mapping

import pytest
import structlog
from fastapi import APIRouter, HTTPException
from opentelemetry.trace import SpanKind
from structlog.testing import capture_logs

from tests.support.recorded_spans import parent_of, recorded_spans
from tests.support.small_app import client_of, small_app

router = APIRouter()
CLIENT = f"00-{'ab' * 16}-{'cd' * 8}-01"


@router.get("/things/{thing_id}")
async def thing(thing_id: int, token: str = "") -> int:
    structlog.stdlib.get_logger().info("looked at")
    return thing_id


@router.post("/refuse")
async def refuse() -> None:
    raise HTTPException(409)


@router.post("/break")
async def break_down() -> None:
    raise LookupError("the secret of ann@example.com")


async def attributes_of(method: str, path: str, headers: Mapping[str, str] | None = None) -> dict[str, object]:
    with recorded_spans() as recorded:
        async with client_of(small_app(router)) as client:
            await client.request(method, path, headers=headers)
    [span] = recorded.all  # one, not another one by the framework
    assert span.kind is SpanKind.SERVER
    return {"name": span.name, "has_failed": not span.status.is_ok and span.status.is_unset is False} | dict(
        span.attributes or {}
    )


async def test_it_names_the_route_and_neither_path_nor_query() -> None:
    assert await attributes_of("GET", "/things/4711?token=secret") == {
        "name": "GET /things/{thing_id}",
        "has_failed": False,
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.route": "/things/{thing_id}",
        "url.scheme": "http",
    }


async def test_a_path_that_a_client_made_up_is_not_in_it() -> None:
    seen = await attributes_of("MADEUP", "/ann@example.com")
    assert seen["name"] == "HTTP"
    assert seen["http.request.method"] == "_OTHER"
    assert seen["http.response.status_code"] == 404
    assert "ann" not in str(seen)


@pytest.mark.parametrize(("path", "status", "error"), [("/refuse", 409, None), ("/break", 500, "LookupError")])
async def test_only_errors_of_ours_fail_it(path: str, status: int, error: str | None) -> None:
    with capture_logs():
        seen = await attributes_of("POST", path)
    assert seen["http.response.status_code"] == status
    assert seen["has_failed"] is (error is not None)
    assert seen.get("error.type") == error
    assert "secret" not in str(seen)


async def test_it_is_a_child_of_the_clients_span() -> None:
    with recorded_spans() as recorded:
        async with client_of(small_app(router)) as client:
            await client.get("/things/1", headers={"traceparent": CLIENT})
            await client.get("/things/1")
    continued, new = recorded.all
    assert parent_of(continued) == "cd" * 8
    assert parent_of(new) == ""


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_what_machines_ask_every_few_seconds_is_not_traced(path: str) -> None:
    with recorded_spans() as recorded:
        async with client_of(small_app(router)) as client:
            assert (await client.get(path)).status_code == 200
    assert recorded.all == []
