"""Spans recorded in this process, with OpenTelemetry's own SDK."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

from ordercast.services.shared.telemetry.tracing import recording_with


class RecordedSpans:
    """The spans that have ended, in the order of their ends."""

    def __init__(self, exporter: InMemorySpanExporter) -> None:
        self._exporter = exporter

    @property
    def all(self) -> list[ReadableSpan]:
        return list(self._exporter.get_finished_spans())

    @property
    def names(self) -> list[str]:
        return [span.name for span in self.all]


@contextmanager
def recorded_spans(*, sampled: float = 1.0) -> Iterator[RecordedSpans]:
    """Records spans for as long as the block runs: all, or that share of the new traces."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(sampler=ParentBased(TraceIdRatioBased(sampled)), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with recording_with(provider.get_tracer("test")):
        yield RecordedSpans(exporter)


def traceparent_of(span: ReadableSpan) -> str:
    ids = span.get_span_context()
    assert ids is not None
    return f"00-{ids.trace_id:032x}-{ids.span_id:016x}-{ids.trace_flags:02x}"


def parent_of(span: ReadableSpan) -> str:
    """The parent's id in hexadecimal digits; empty for the first of a trace."""
    return f"{span.parent.span_id:016x}" if span.parent else ""
