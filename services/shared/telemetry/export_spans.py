"""Spans to a collector over OTLP/HTTP, in a thread of their own: a service never waits for it.

Opened once, by a service's `__main__`. Without an endpoint nothing is recorded, and OpenTelemetry's SDK is not even imported.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from ordercast.services.shared.telemetry.settings import TracingSettings
from ordercast.services.shared.telemetry.tracing import recording_with


@contextmanager
def exported_spans(service: str, settings: TracingSettings) -> Iterator[None]:
    """Records the block's spans under the service's name and exports them; on the way out what is left, for a moment."""
    if not settings.are_exported:
        yield
        return
    from ordercast.services.shared.telemetry.otlp import open_tracer  # loads the SDK

    with open_tracer(service, settings) as tracer, recording_with(tracer):
        yield
