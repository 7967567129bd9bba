"""Log lines: ours and the libraries' alike, with the trace, and never with the values of local variables."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from ordercast.services.shared.telemetry.logs import ACCESS_LOG, OURS, configure_logging
from ordercast.services.shared.telemetry.settings import LogFormat
from ordercast.services.shared.telemetry.tracing import belonging_to, sending, spans
from tests.support.recorded_spans import recorded_spans, traceparent_of

TRACE = "ab" * 16


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    configured = structlog.get_config()
    root = logging.getLogger()
    ours = logging.getLogger(OURS)
    access = logging.getLogger(ACCESS_LOG)
    handlers, levels = root.handlers[:], (root.level, ours.level, access.level)
    yield
    root.handlers[:] = handlers
    for logger, level in zip((root, ours, access), levels, strict=True):
        logger.setLevel(level)
    structlog.configure(**configured)


def lines_of(monkeypatch: pytest.MonkeyPatch, log_format: LogFormat) -> list[str]:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    configure_logging("order_api", log_format)
    with belonging_to(f"00-{TRACE}-{'cd' * 8}-01"):
        structlog.stdlib.get_logger().info("order placed", items=3)
        logging.getLogger("library").warning("half of %s", "it")
        logging.getLogger("aiokafka.client").error("Unable connect to node 1")
        try:
            fail("-".join(["hunter2", "hunter2"]))
        except ValueError:
            structlog.stdlib.get_logger().exception("request failed")
    return stream.getvalue().splitlines()


def fail(password: str) -> None:
    raise ValueError(f"broken: {len(password)}")


def test_json_lines_hold_service_level_time_and_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[dict[str, Any]] = [json.loads(line) for line in lines_of(monkeypatch, "json")]
    assert [line["event"] for line in lines] == ["order placed", "half of it", "request failed"]
    assert [line["level"] for line in lines] == ["info", "warning", "error"]
    assert {line["service"] for line in lines} == {"order_api"}
    assert {line["trace_id"] for line in lines} == {TRACE}
    assert all(line["timestamp"].endswith("Z") for line in lines)
    assert lines[0]["items"] == 3
    assert "ValueError: broken: 15" in lines[2]["exception"]


def test_lines_name_the_span_where_one_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert all("span_id" not in line for line in lines_of(monkeypatch, "json"))
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    configure_logging("relay", "json")
    parent = f"00-{TRACE}-{'cd' * 8}-01"
    with recorded_spans() as recorded:
        with spans((sending("orders", 0), [parent])):
            logging.getLogger("library").warning("sent one")
        with spans((sending("orders", 0), [parent, f"00-{'ef' * 16}-{'cd' * 8}-01"])):
            logging.getLogger("library").warning("sent two of different traces")
    one, two = map(json.loads, stream.getvalue().splitlines())
    assert (one["trace_id"], one["span_id"]) == (TRACE, traceparent_of(recorded.all[0]).split("-")[2])
    assert "trace_id" not in two


def test_console_lines_are_for_people_and_show_no_local_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "\n".join(lines_of(monkeypatch, "console"))
    assert "order placed items=3" in text
    assert text.count(f"trace_id={TRACE}") == 3
    assert "ValueError: broken: 15" in text
    assert "hunter2-hunter2" not in text


def test_lines_of_one_cause_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    configure_logging("order_api", "json")
    for number in range(1_000):
        structlog.stdlib.get_logger().warning("not there", cause="refused", path=f"/orders/{number}")
    assert json.loads(stream.getvalue().splitlines()[0])["path"] == "/orders/0"
    assert len(stream.getvalue().splitlines()) <= 3  # one a second, and the thousand take less than two


@pytest.mark.parametrize(("level", "written"), [("DEBUG", ["detail", "news"]), ("INFO", ["news"]), ("WARNING", [])])
def test_the_level_is_that_of_our_own_lines(monkeypatch: pytest.MonkeyPatch, level: str, written: list[str]) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    configure_logging("order_api", "json", level)
    structlog.stdlib.get_logger("ordercast.services.order_api").debug("detail")
    structlog.stdlib.get_logger("ordercast.services.order_api").info("news")
    logging.getLogger("library").debug("chatter")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == written


@pytest.mark.parametrize("access_log", [True, False])
def test_the_access_log_is_a_setting_of_its_own(monkeypatch: pytest.MonkeyPatch, access_log: bool) -> None:
    monkeypatch.setattr(sys, "stderr", stream := io.StringIO())
    configure_logging("order_api", "json", "WARNING", access_log=access_log)
    structlog.stdlib.get_logger(ACCESS_LOG).debug("request", path="/orders")
    structlog.stdlib.get_logger("ordercast.other").info("not at this level")
    said = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["event"], line["path"]) for line in said] == ([("request", "/orders")] if access_log else [])
