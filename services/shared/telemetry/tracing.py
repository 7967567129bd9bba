"""The trace that a request belongs to, as W3C Trace Context writes it.

A client's `traceparent` is continued, otherwise the request starts a trace of its own. Log lines show its id, and whoever
writes an event keeps `current_traceparent()` beside it, so that one id leads from the request to the feature row.
"""

import re
import secrets
from contextvars import ContextVar
from typing import Final

# version 00, trace id, parent id, flags: https://www.w3.org/TR/trace-context/#traceparent-header
_TRACEPARENT: Final = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

_current: Final[ContextVar[str | None]] = ContextVar("traceparent", default=None)


def start_trace(incoming: str | None = None) -> str:
    """Makes `incoming` the context's trace, or a new one when it is missing or malformed. Returns the traceparent."""
    if incoming is not None and _TRACEPARENT.fullmatch(incoming):
        traceparent = incoming
    else:
        # Flags 01: sampled. Nobody here decides against keeping a trace.
        traceparent = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
    _current.set(traceparent)
    return traceparent


def current_traceparent() -> str | None:
    """The traceparent of the request at hand; None outside of one."""
    return _current.get()


def current_trace_id() -> str | None:
    """The 32 hexadecimal digits that every log line of one request shares; None outside of one."""
    traceparent = _current.get()
    return traceparent[3:35] if traceparent else None
