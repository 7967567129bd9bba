"""OpenTelemetry's SDK as a service uses it: resource, sampler, and a batch exporter that says once when nobody takes spans."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import Final

import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Tracer

from ordercast.services.shared.telemetry.settings import TracingSettings

log = structlog.stdlib.get_logger()

# A service that stops waits so long (s) for its last spans to be taken; its supervisor kills it after ten.
FLUSH_S: Final = 2.0


@contextmanager
def open_tracer(service: str, settings: TracingSettings) -> Iterator[Tracer]:
    """A tracer whose spans are exported in batches; the rest on the way out, within FLUSH_S."""
    exporter = ExportWithFewWords(OTLPSpanExporter())
    processor = BatchSpanProcessor(
        exporter,
        max_queue_size=settings.bsp_max_queue_size,
        max_export_batch_size=min(settings.bsp_max_export_batch_size, settings.bsp_max_queue_size),
        schedule_delay_millis=settings.bsp_schedule_delay,
    )
    provider = TracerProvider(resource=_resource(service), shutdown_on_exit=False)
    provider.add_span_processor(processor)
    log.info("traces are exported", sampler=settings.traces_sampler)
    try:
        yield provider.get_tracer("ordercast", version("ordercast"))
    finally:
        _shut_down(provider, exporter)


def _resource(service: str) -> Resource:
    own = {"service.name": service, "service.namespace": "ordercast", "service.version": version("ordercast")}
    # What the environment says stands above it.
    return Resource.create(own).merge(OTELResourceDetector().detect())


def _shut_down(provider: TracerProvider, exporter: "ExportWithFewWords") -> None:
    if exporter.is_away:
        exporter.shutdown()  # ends its tries: what is left has nowhere to go
    # The SDK's own shutdown waits for 30 s.
    closing = threading.Thread(target=provider.shutdown, name="last-spans", daemon=True)
    closing.start()
    closing.join(FLUSH_S)
    if closing.is_alive():
        log.warning("the last spans were not taken in time", seconds=FLUSH_S)
        exporter.shutdown()


class ExportWithFewWords(SpanExporter):
    """Says when the collector does not take spans, and when it does again, in place of the SDK's line for each try."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._lost = 0
        self._is_shut_down = False

    @property
    def is_away(self) -> bool:
        return self._lost > 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = SpanExportResult.FAILURE if self._is_shut_down else self._exporter.export(spans)
        if result is SpanExportResult.SUCCESS:
            if self._lost:
                log.info("the collector takes spans again", lost_spans=self._lost)
            self._lost = 0
        else:
            if not self._lost:
                log.warning("the collector of OTEL_EXPORTER_OTLP_ENDPOINT does not take spans; they are dropped")
            self._lost += len(spans)
        return result

    def shutdown(self) -> None:
        if not self._is_shut_down:
            self._is_shut_down = True
            self._exporter.shutdown()
