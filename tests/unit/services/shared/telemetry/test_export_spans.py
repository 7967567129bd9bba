"""Spans leave by the standard variables, and neither a missing nor a silent collector is felt."""

import asyncio
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from structlog.testing import capture_logs

from ordercast.services.shared.process.errors import CannotStart
from ordercast.services.shared.process.settings import read_settings
from ordercast.services.shared.telemetry import otlp
from ordercast.services.shared.telemetry.export_spans import exported_spans
from ordercast.services.shared.telemetry.settings import TracingSettings
from ordercast.services.shared.telemetry.tracing import current_trace_id, start_request
from tests.support.collector import running_collector

# Far more than a stop may take (FLUSH_S), far less than the 30 s that the SDK would wait.
STOPS_WITHIN_S = 12.0
EXPORTERS_THREADS = ("OtelBatchSpanRecordProcessor", "last-spans")
TAKES_AGAIN = "the collector takes spans again"
WITHOUT_SDK = """
import sys
import ordercast.services.order_api.__main__
import ordercast.services.feature_worker.__main__
import ordercast.services.predictor.__main__
import ordercast.services.trainer.__main__
from ordercast.services.shared.telemetry.export_spans import exported_spans
from ordercast.services.shared.telemetry.settings import TracingSettings
with exported_spans("order_api", TracingSettings()):
    print([name for name in sys.modules if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter", "google.protobuf"))])
"""


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)


@pytest.fixture(autouse=True)
def no_exporter_outlives_its_test() -> Iterator[None]:
    """One that still waits for a silent collector when its service has stopped would speak up in the next test."""
    yield
    for thread in threading.enumerate():
        if thread.name in EXPORTERS_THREADS:
            thread.join(STOPS_WITHIN_S)
            assert not thread.is_alive()


@contextmanager
def silent_collector() -> Iterator[str]:
    """Takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_without_an_endpoint_no_sdk_is_imported() -> None:
    run = subprocess.run([sys.executable, "-c", WITHOUT_SDK], check=True, capture_output=True, text=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("variables", "are_exported"),
    [
        ({}, False),
        ({"EXPORTER_OTLP_ENDPOINT": ""}, False),
        ({"EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"}, True),
        ({"EXPORTER_OTLP_TRACES_ENDPOINT": "https://traces.example.com/v1/traces"}, True),
        ({"EXPORTER_OTLP_ENDPOINT": "http://localhost:4318", "TRACES_EXPORTER": "None"}, False),
        ({"EXPORTER_OTLP_ENDPOINT": "http://localhost:4318", "SDK_DISABLED": "TRUE"}, False),
    ],
)
def test_an_endpoint_turns_it_on(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], are_exported: bool
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"OTEL_{name}", value)
    assert read_settings(TracingSettings).are_exported is are_exported


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_TRACES_SAMPLER", "sometimes"),
        ("OTEL_TRACES_EXPORTER", "zipkin"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "many"),
    ],
)
def test_a_wrong_variable_is_named_at_the_start(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(CannotStart, match=f"^{variable}: "):
        read_settings(TracingSettings)


def test_spans_arrive_under_the_services_name_with_what_the_environment_adds(monkeypatch: pytest.MonkeyPatch) -> None:
    with running_collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
        with exported_spans("relay", TracingSettings()):
            start_request("GET", None, {}).end()
        monkeypatch.setenv("OTEL_SERVICE_NAME", "my-relay")
        with exported_spans("relay", TracingSettings()):
            start_request("GET", None, {}).end()
    first, second = collector.spans
    assert (first.service, second.service) == ("relay", "my-relay")
    assert first.resource["service.namespace"] == "ordercast"
    assert first.resource["deployment.environment.name"] == "test"
    assert current_trace_id() is None


def test_the_sampler_is_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    with running_collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
        monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.1")
        with exported_spans("relay", TracingSettings()):
            for _ in range(1_000):
                start_request("GET", None, {}).end()
    assert 40 <= len(collector.spans) <= 180


@pytest.mark.parametrize("collector", ["away", "silent"])
def test_a_collector_that_does_not_answer_is_neither_waited_for_nor_told_of_again_and_again(
    monkeypatch: pytest.MonkeyPatch, collector: str
) -> None:
    with silent_collector() as url:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1" if collector == "away" else url)
        monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "512")
        with capture_logs() as lines:
            with exported_spans("order_api", TracingSettings()):
                for _ in range(2_000):
                    start_request("GET", None, {}).end()
                stopping = time.monotonic()
            stopped_after = time.monotonic() - stopping
    assert stopped_after < STOPS_WITHIN_S
    assert len(lines) <= 3


async def test_a_collector_that_comes_back_is_told_of_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with running_collector() as collector:
        collector.status = 400  # not a status that is tried again
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
        told_of_it = threading.Event()
        warn = otlp.log.warning

        def warn_and_tell(words: str) -> None:
            warn(words)
            told_of_it.set()

        monkeypatch.setattr(otlp.log, "warning", warn_and_tell)
        with capture_logs() as lines, exported_spans("order_api", TracingSettings()):
            start_request("GET", None, {}).end()
            assert await asyncio.to_thread(told_of_it.wait, 30)
            collector.status = 200

            def taken_again() -> bool:
                """One more each time: on a busy machine the answer to a span may be too late, and it counts as not taken."""
                start_request("GET", None, {}).end()
                return any(line["event"] == TAKES_AGAIN for line in lines)

            # Not only until it has a span: a stop before its answer is in would count the collector as still away.
            await collector.until(taken_again)
    events = [line["event"] for line in lines if "collector" in line["event"]]
    assert events == [
        "the collector of OTEL_EXPORTER_OTLP_ENDPOINT does not take spans; they are dropped",
        TAKES_AGAIN,
    ]
    assert collector.spans
