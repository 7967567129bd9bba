"""The headers of records, each with what it means: the CloudEvents attributes that `envelope.py` writes and reads."""

from typing import Any, Final

from ordercast.contracts.envelope import CONTENT_TYPE, MAX_DIGITS, RISING_STREAMS, SPEC_VERSION

_RISING: Final = ", ".join(f"`{prefix}`" for prefix in RISING_STREAMS)

# Values are UTF-8.
EVENT_HEADERS: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "content-type"],
    "properties": {
        "ce_specversion": {"type": "string", "const": SPEC_VERSION.decode(), "description": "version of CloudEvents"},
        "ce_id": {
            "type": "string",
            "format": "uuid",
            "description": "of the event; a repeat has the same. Where there is no number, an event counts once by it",
            "examples": ["0197a3c2-5d10-7c4e-8f0a-1b2c3d4e5f60"],
        },
        "ce_source": {
            "type": "string",
            "description": "the service that made it",
            "examples": ["/ordercast/order_api"],
        },
        "ce_type": {"type": "string", "description": "type and version; skip those that you do not know"},
        "ce_time": {
            "type": "string",
            "format": "date-time",
            "description": "when it happened; not when it was written, so later records may have earlier times",
            "examples": ["2026-07-01T09:30:00.123456+00:00"],
        },
        "content-type": {"type": "string", "const": CONTENT_TYPE.decode(), "description": "of the body"},
        "ce_producer": {
            "type": "string",
            "description": "the stream in which the event is numbered. A stream lies in one partition: `outbox` in each of"
            " `orders` is one of its own, and so is `states:products` in each of `products`."
            " Events without it are not numbered. `replay:TOPIC:PARTITION:OFFSET` is a record that"
            " comes again because the worker had refused it there: pass over it if you took it there",
            "examples": ["outbox", "states:products"],
        },
        "ce_sequence": {
            "type": "string",
            "pattern": f"^[0-9]{{1,{MAX_DIGITS}}}$",
            "description": "its number in the stream, from 1. Drop an event whose number is not above the last one: it is a repeat",
            "examples": ["42"],
        },
        "ce_numbering": {
            "type": "string",
            "enum": ["dense", "rising"],
            "description": "dense: numbers go up by one, so a gap is a loss. rising: they only go up; so it is in the streams"
            f" that begin with {_RISING}",
        },
        "ce_traceparent": {
            "type": "string",
            "description": "W3C trace of the request that it came from",
            "examples": ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"],
        },
    },
    "dependentRequired": {"ce_producer": ["ce_sequence", "ce_numbering"]},
}

# Of the records of `dead-letters`; each header of the refused record follows with `original_` before its name.
DEAD_LETTER_HEADERS: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["reason", "topic", "partition", "offset", "key", "is_cut"],
    "properties": {
        "reason": {
            "type": "string",
            "description": "why it was refused",
            "examples": ["MalformedEvent: account_id is 0"],
        },
        "topic": {"type": "string", "description": "where the refused record lies", "examples": ["orders"]},
        "partition": {"type": "string", "pattern": "^[0-9]+$", "description": "its partition", "examples": ["3"]},
        "offset": {"type": "string", "pattern": "^[0-9]+$", "description": "its offset", "examples": ["1204"]},
        "key": {"type": "string", "description": "its key", "examples": ["1001"]},
        "is_cut": {"type": "string", "enum": ["0", "1"], "description": "1: it was too large to be kept whole"},
    },
}
