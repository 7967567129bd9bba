"""What every app has: health, readiness, metrics, documentation that works offline, a trace for each request."""

import asyncio
import logging
import re
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256

import pytest
import structlog
from fastapi import APIRouter, Request
from starlette.types import Message
from structlog.testing import capture_logs

from ordercast.services.shared.http import health
from ordercast.services.shared.http.health import Check
from ordercast.services.shared.telemetry.tracing import current_traceparent
from tests.support.small_app import client_of, small_app, small_service

router = APIRouter()


@router.get("/things/{thing_id}")
async def thing(thing_id: int) -> str | None:
    structlog.stdlib.get_logger().info("looked at")
    return current_traceparent()


@router.post("/sink")
async def sink(request: Request) -> int:
    return len(await request.body())


async def present() -> None:
    pass


async def missing() -> None:
    raise ConnectionRefusedError("nobody listens\nat all")


async def hanging() -> None:
    await asyncio.Event().wait()


async def test_the_process_is_alive_whatever_is_missing() -> None:
    async with client_of(small_app(service=small_service({"database": Check(missing)}))) as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}


async def test_readiness_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "PROBE_DEADLINE_S", 0.05)
    checks = {"database": Check(missing), "kafka": Check(hanging), "model": Check(present)}
    async with client_of(small_app(service=small_service(checks))) as client:
        answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == "1"
    assert answer.json()["detail"] == "not there: database, kafka"
    assert answer.json()["checks"] == {
        "database": "nobody listens",
        "kafka": "did not answer in time",
        "model": "ok",
    }


async def test_a_part_that_is_not_required_only_degrades() -> None:
    checks = {"database": Check(present), "kafka": Check(missing, required=False)}
    async with client_of(small_app(service=small_service(checks))) as client:
        answer = await client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "degraded", "checks": {"database": "ok", "kafka": "nobody listens"}}


async def test_with_all_there_it_is_ready() -> None:
    async with client_of(small_app(service=small_service({"database": Check(present)}))) as client:
        assert (await client.get("/readyz")).json()["status"] == "ready"


async def test_requests_are_counted_by_route_template_and_never_by_path() -> None:
    async with client_of(small_app(router)) as client:
        for thing_id in (4711, 4712):
            await client.get(f"/things/{thing_id}")
        await client.get("/made-up-by-a-client")
        text = (await client.get("/metrics")).text
    counted = re.search(r'request_seconds_count\{method="GET",route="/things/\{thing_id\}",status="200"\} (\d+)', text)
    assert counted is not None
    assert int(counted[1]) >= 2
    assert "/4711" not in text
    assert "made-up" not in text


async def test_a_method_that_a_client_made_up_makes_no_new_time_series() -> None:
    async with client_of(small_app(router)) as client:
        await client.request("MADEUP", "/sink")
        assert "MADEUP" not in (await client.get("/metrics")).text


async def test_the_documentation_needs_no_network() -> None:
    async with client_of(small_app(router)) as client:
        page = (await client.get("/docs")).text
        assert "//" not in re.sub(r"<!--.*?-->", "", page).replace("://small", "")
        for asset in re.findall(r'(?:src|href)="([^"]+)"', page):
            assert (await client.get(asset)).status_code == 200
        schema = (await client.get("/openapi.json")).json()
    assert "/things/{thing_id}" in schema["paths"]


async def test_the_documentation_may_load_nothing_from_elsewhere_and_run_its_own_script_alone() -> None:
    async with client_of(small_app(router)) as client:
        answer = await client.get("/docs")
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert "unsafe" not in policy["script-src"]
    [script] = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
    assert f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" in policy["script-src"]
    assert {source for sources in policy.values() for source in sources.split()} <= {
        "'none'", "'self'", "'unsafe-inline'", "data:", *policy["script-src"].split()
    }  # fmt: skip
    assert '"validatorUrl": null' in answer.text  # a picture of swagger.io


async def test_the_documentation_shows_lines_of_ndjson_as_they_are_sent() -> None:
    async with client_of(small_app(router)) as client:
        page = (await client.get("/docs")).text
        bundle = (await client.get("/docs/assets/swagger-ui-bundle.js")).text
    assert re.search(r"SwaggerUIBundle\(\{plugins: .*getSampleSchema", page, re.DOTALL)
    # What the plugin puts right, and what it calls, are still there in the version that is installed.
    assert "when:/json/" in bundle
    assert ".getSampleSchema(" in bundle


async def test_a_request_continues_the_trace_of_its_client() -> None:
    traceparent = f"00-{'ab' * 16}-{'cd' * 8}-01"
    async with client_of(small_app(router)) as client:
        assert (await client.get("/things/1", headers={"traceparent": traceparent})).json() == traceparent


async def test_without_a_good_trace_each_request_starts_its_own() -> None:
    async with client_of(small_app(router)) as client:
        traces = {
            (await client.get("/things/1", headers={"traceparent": bad} if bad else {})).json()
            for bad in (None, "nonsense", f"00-{'0' * 32}-{'cd' * 8}-01", f"00-{'AB' * 16}-{'cd' * 8}-01")
        }
    assert len(traces) == 4
    assert all(re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-00", trace) for trace in traces)


async def test_a_client_that_goes_away_in_the_middle_is_no_error_of_ours() -> None:
    app = small_app(router)
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/sink",
        "query_string": b"",
        "headers": [(b"transfer-encoding", b"chunked")],
    }
    half: Message = {"type": "http.request", "body": b"half", "more_body": True}
    messages: Iterator[Message] = iter([half, {"type": "http.disconnect"}])
    sent: list[Message] = []

    async def receive() -> Message:
        return next(messages)

    async def send(message: Message) -> None:
        sent.append(message)

    with capture_logs() as logs:
        await app(scope, receive, send)
    assert sent == []
    assert logs == []


async def test_the_wiring_is_closed_with_the_app() -> None:
    service = small_service()
    async with client_of(small_app(service=service)):
        assert service.closed == []
    assert service.closed == ["wiring"]


async def test_at_the_level_debug_each_request_is_a_line_without_its_query(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "ordercast"), capture_logs() as lines:
        async with client_of(small_app(router)) as client:
            await client.get("/things/7?email=ann@example.com")
    [line] = [line for line in lines if line["event"] == "request"]
    assert (line["method"], line["path"], line["log_level"]) == ("GET", "/things/7", "debug")
    assert line["status"] in (200, 422)  # an app may refuse parameters that it does not know
    assert line["ms"] >= 0
    assert line["address"] == "127.0.0.1"


async def test_above_that_level_requests_leave_no_line() -> None:
    with capture_logs() as lines:
        async with client_of(small_app(router)) as client:
            await client.get("/things/7")
    assert [line["event"] for line in lines] == ["looked at"]
