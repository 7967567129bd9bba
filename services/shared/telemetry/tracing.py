"""The trace that work belongs to, as W3C Trace Context writes it, and the spans that tell of it.

A client's `traceparent` is continued, otherwise the request starts a trace of its own. Log lines show its id, and whoever
writes an event keeps a traceparent beside it, so that one id leads from the request to the feature row. That is so without
any collector, too; spans are recorded only inside of `recording_with`, which `export_spans` opens.

No attribute holds an account, a product, an order or anything else that a client has sent.
"""

import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import Token
from dataclasses import dataclass, field
from typing import Final

from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, StatusCode, TraceFlags, Tracer

# version 00, trace id, parent id, flags: https://www.w3.org/TR/trace-context/#traceparent-header
_TRACEPARENT: Final = re.compile(r"00-((?!0{32})[0-9a-f]{32})-((?!0{16})[0-9a-f]{16})-([0-9a-f]{2})")
_NOT_SAMPLED: Final = TraceFlags(TraceFlags.DEFAULT)
# Every span starts from its parent alone, not from what else happens to be current.
_EMPTY: Final = Context()

_tracer: Tracer | None = None


@contextmanager
def recording_with(tracer: Tracer) -> Iterator[None]:
    """Spans are recorded with this tracer for as long as the block runs, in the whole process."""
    global _tracer
    before, _tracer = _tracer, tracer
    try:
        yield
    finally:
        _tracer = before


def start_request(name: str, incoming: str | None, attributes: Mapping[str, str] | None) -> Span:
    """The span of a request, a child of `incoming` if that is a good traceparent, otherwise the first of a new trace.

    With None for attributes (a health check), or without a tracer, nothing is recorded; the span then carries ids alone.
    """
    parent = _parsed(incoming)
    if _tracer is not None and attributes is not None:
        return _tracer.start_span(name, _under(parent), SpanKind.SERVER, attributes)
    return NonRecordingSpan(parent or SpanContext(random.getrandbits(128) or 1, random.getrandbits(64) or 1, False))


def make_current(span: Span) -> "Token[Context]":
    """Log lines and `current_traceparent` tell of this span, until `leave(token)`."""
    return context.attach(trace.set_span_in_context(span, _EMPTY))


def leave(token: "Token[Context]") -> None:
    context.detach(token)


def current_span() -> Span:
    """The span of the work at hand; one that records nothing outside of any."""
    return trace.get_current_span()


def current_traceparent() -> str | None:
    """The traceparent of the work at hand; None outside of any."""
    span = current_span().get_span_context()
    return _traceparent(span) if span.is_valid else None


def current_trace_id() -> str | None:
    """The 32 hexadecimal digits that every log line of one request shares; None outside of one."""
    span = current_span().get_span_context()
    return trace.format_trace_id(span.trace_id) if span.is_valid else None


@dataclass(frozen=True, slots=True)
class Operation:
    """What a span tells of; names by OpenTelemetry's semantic conventions. One that was `started_at` (ns) earlier says so."""

    name: str
    kind: SpanKind = SpanKind.INTERNAL
    attributes: Mapping[str, str | int] = field(default_factory=dict)
    started_at: int | None = None


def sending(topic: str, partition: int) -> Operation:
    return Operation(f"send {topic}", SpanKind.PRODUCER, _messaging("send", topic, partition))


def processing(topic: str, partition: int, started_at: int) -> Operation:
    return Operation(f"process {topic}", SpanKind.CONSUMER, _messaging("process", topic, partition), started_at)


def _messaging(operation: str, topic: str, partition: int) -> dict[str, str | int]:
    return {
        "messaging.system": "kafka",
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
        "messaging.destination.name": topic,
        "messaging.destination.partition.id": str(partition),
    }


# Traceparents of the pieces that are worked on together, by what is done to them; None: a piece of no trace.
Group = tuple[Operation, Sequence[str | None]]


@contextmanager
def spans(*groups: Group) -> Iterator[list[Sequence[str | None]]]:
    """Work on pieces of many traces at once: each sampled trace gets a span of its own for the time that the block runs.

    Yields the traceparents to hand on, group by group in their order: those of the new spans, so that what comes next is
    their child. Pieces with the same traceparent share one span. If all pieces have the same one, the log lines of the block
    belong to it; lines on work for several traces belong to none.
    """
    opened = [_open(operation, traceparents) for operation, traceparents in groups]
    token = _enter_only_one(groups, opened)
    try:
        yield [_handed_on(traceparents, new) for (_, traceparents), new in zip(groups, opened, strict=True)]
    except BaseException as error:
        for span in _all(opened):
            span.set_attribute("error.type", type(error).__name__)
            span.set_status(StatusCode.ERROR)
        raise
    finally:
        for span in _all(opened):
            span.end()
        if token is not None:
            leave(token)


@contextmanager
def belonging_to(traceparent: str | None) -> Iterator[None]:
    """Log lines of the block show this trace; without a good one, none."""
    parent = _parsed(traceparent)
    token = make_current(NonRecordingSpan(parent)) if parent else context.attach(_EMPTY)
    try:
        yield
    finally:
        leave(token)


def _open(operation: Operation, traceparents: Sequence[str | None]) -> dict[str | None, Span]:
    """Spans by the traceparent of their parent."""
    if _tracer is None:
        return {}
    opened: dict[str | None, Span] = {}
    for traceparent, count in Counter(traceparents).items():
        parent = _parsed(traceparent)
        if parent is None or not parent.trace_flags.sampled:
            continue
        attributes = operation.attributes
        if count > 1:
            attributes = {**attributes, "messaging.batch.message_count": count}
        opened[traceparent] = _tracer.start_span(
            operation.name, _under(parent), operation.kind, attributes, start_time=operation.started_at
        )
    return opened


def _enter_only_one(groups: Sequence[Group], opened: Sequence[Mapping[str | None, Span]]) -> "Token[Context] | None":
    different = {traceparent for _, traceparents in groups for traceparent in traceparents}
    if len(different) != 1:
        return None
    [traceparent] = different
    parent = _parsed(traceparent)
    if parent is None:
        return None
    return make_current(next(_all(opened), NonRecordingSpan(parent)))


def _all(opened: Sequence[Mapping[str | None, Span]]) -> Iterator[Span]:
    return (span for new in opened for span in new.values())


def _handed_on(traceparents: Sequence[str | None], new: Mapping[str | None, Span]) -> Sequence[str | None]:
    if not new:
        return traceparents
    own = {parent: _traceparent(span.get_span_context()) for parent, span in new.items()}
    return [own.get(traceparent, traceparent) for traceparent in traceparents]


def _parsed(traceparent: str | None) -> SpanContext | None:
    """What a traceparent says, which may come from anywhere; None if it is missing or malformed."""
    match = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
    if match is None:
        return None
    return SpanContext(int(match[1], 16), int(match[2], 16), True, TraceFlags(int(match[3], 16)))


def _under(parent: SpanContext | None) -> Context:
    return _EMPTY if parent is None else trace.set_span_in_context(NonRecordingSpan(parent), _EMPTY)


def _traceparent(span: SpanContext) -> str:
    return f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags:02x}"
