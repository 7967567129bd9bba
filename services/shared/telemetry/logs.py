"""Log lines: one shape for our own and for the libraries', to stderr, for people (console) or machines (json).

Modules log with `log = structlog.stdlib.get_logger()`; `configure_logging` is called once, by a service's `__main__`.
"""

import logging
import sys
from typing import Final

import structlog
from opentelemetry.trace import format_span_id, format_trace_id
from structlog.typing import EventDict, Processor, WrappedLogger

from ordercast.services.shared.telemetry.limit_repeats import LimitRepeats
from ordercast.services.shared.telemetry.settings import LogFormat
from ordercast.services.shared.telemetry.tracing import current_span

# What all of our loggers stand below.
OURS: Final = "ordercast"
# Whose lines tell of requests.
ACCESS_LOG: Final = "ordercast.access"
# Libraries that repeat themselves while their server is away; the services say once what is missing.
_QUIET: Final = {
    "aiokafka": logging.CRITICAL,
    "asyncio": logging.ERROR,
    "httpx": logging.WARNING,
    "opentelemetry.exporter": logging.CRITICAL,
}


def configure_logging(
    service: str, log_format: LogFormat = "console", level: int | str = logging.INFO, *, access_log: bool = False
) -> None:
    """Sends structlog's and the standard library's lines through one formatter, each with service, trace and span.

    `level` holds for our own lines; libraries write none below INFO. With `access_log` each request has a line at any level.
    """

    def name_service(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event["service"] = service
        return event

    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
        name_service,
        _add_trace,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            LimitRepeats(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(log_format)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    ours = logging.getLogger(OURS)
    ours.setLevel(level)
    logging.getLogger(ACCESS_LOG).setLevel(logging.DEBUG if access_log else logging.NOTSET)
    root.setLevel(max(ours.level, logging.INFO))
    for name, quiet_level in _QUIET.items():
        logging.getLogger(name).setLevel(quiet_level)


def _renderers(log_format: LogFormat) -> list[Processor]:
    if log_format == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    # The plain traceback: the pretty one prints local variables, and those hold passwords and tokens.
    return [
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
        )
    ]


def _add_trace(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """The ids of the trace and, where a span is recorded that can be looked at, of the span."""
    span = current_span()
    ids = span.get_span_context()
    if ids.is_valid:
        event["trace_id"] = format_trace_id(ids.trace_id)
        if span.is_recording():
            event["span_id"] = format_span_id(ids.span_id)
    return event
