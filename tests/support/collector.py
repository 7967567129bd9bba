"""A small OpenTelemetry collector: takes spans over OTLP/HTTP as any other does, and keeps them to be looked at."""

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

# Spans come a second after they ended; a busy machine needs longer.
DEADLINE_S: Final = 60.0
POLL_S: Final = 0.05

Value = str | int


@dataclass(frozen=True, slots=True)
class SeenSpan:
    """A span as it arrived. Times in nanoseconds since the epoch; ids in hexadecimal digits, no parent: empty."""

    service: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    start: int
    end: int
    has_failed: bool
    attributes: Mapping[str, Value]
    events: tuple[str, ...]
    resource: Mapping[str, Value]


class Collector:
    """What has arrived. `status` is what it answers; other than 200 it takes nothing."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.status = 200
        self._spans: list[SeenSpan] = []

    @property
    def spans(self) -> list[SeenSpan]:
        return list(self._spans)

    def trace(self, trace_id: str) -> list[SeenSpan]:
        """A trace's spans by their start."""
        return sorted((span for span in self.spans if span.trace_id == trace_id), key=lambda span: span.start)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Waits until something holds of what has arrived."""
        try:
            async with asyncio.timeout(DEADLINE_S):
                while not holds():
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            seen = sorted({f"{span.service}: {span.name}" for span in self.spans})
            raise AssertionError(f"the spans did not arrive; there are {seen}") from None

    def take(self, body: bytes) -> None:
        for of_resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            resource = _values(of_resource.resource.attributes)
            for of_scope in of_resource.scope_spans:
                for span in of_scope.spans:
                    self._spans.append(
                        SeenSpan(
                            service=str(resource["service.name"]),
                            name=span.name,
                            kind=span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
                            trace_id=span.trace_id.hex(),
                            span_id=span.span_id.hex(),
                            parent_id=span.parent_span_id.hex(),
                            start=span.start_time_unix_nano,
                            end=span.end_time_unix_nano,
                            has_failed=span.status.code == span.status.STATUS_CODE_ERROR,
                            attributes=_values(span.attributes),
                            events=tuple(event.name for event in span.events),
                            resource=resource,
                        )
                    )


def _values(attributes: Iterable[KeyValue]) -> dict[str, Value]:
    return {
        attribute.key: getattr(attribute.value, str(attribute.value.WhichOneof("value"))) for attribute in attributes
    }


@contextmanager
def running_collector() -> Iterator[Collector]:
    """A collector on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/v1/traces" and collector.status == 200:
                collector.take(body)
            self.send_response(collector.status)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Silent: a test looks at the spans."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    collector = Collector(server.server_port)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="collector")
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
