"""What is wrong with a refused record: by field as the contract has it, and what the worker will say of its replay. Pure."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain, islice
from typing import Any, Final

from jsonschema import Draft202012Validator

from ordercast.contracts.envelope import Headers
from ordercast.contracts.event_headers import EVENT_HEADERS
from ordercast.contracts.events import EVENT_TYPES
from ordercast.contracts.json_schema import event_schema
from ordercast.first_line import first_line
from ordercast.services.shared.kafka.admit import Refused, admit
from ordercast.services.shared.kafka.dead_letters import DeadLetter, replay_of
from ordercast.services.shared.kafka.records import StoredRecord

# Errors of a record that are named: enough to find a mistake.
MAX_ERRORS: Final = 50
# Characters of a message: it may quote what it is about.
MAX_MESSAGE: Final = 300


@dataclass(frozen=True, slots=True)
class FieldError:
    """`field` is such as `headers.ce_time` or `body.items[0].quantity`."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Checked:
    """`refusal` is what the worker says to a replay; None: it takes it. `errors` is how the record differs from the contract."""

    refusal: str | None
    errors: list[FieldError]


def check_replay(dead_letter: DeadLetter, partitions: int) -> Checked:
    return Checked(refusal_of(dead_letter, partitions), list(islice(_errors(dead_letter), MAX_ERRORS)))


def refusal_of(dead_letter: DeadLetter, partitions: int) -> str | None:
    """What the worker says to a replay; None: it takes it."""
    record = replay_of(dead_letter)
    stored = StoredRecord(
        record.key, record.value, record.headers, record.timestamp_ms, dead_letter.origin, dead_letter.offset
    )
    judged = admit(stored, partitions)
    return judged.reason if isinstance(judged, Refused) else None


def event_type_of(headers: Headers) -> str | None:
    return next((value.decode(errors="replace") for name, value in headers if name == "ce_type" and value), None)


def _errors(dead_letter: DeadLetter) -> Iterator[FieldError]:
    record = replay_of(dead_letter)
    event_type = event_type_of(record.headers)
    yield from _header_errors(record.headers)
    if event_type is not None and event_type not in EVENT_TYPES:
        yield FieldError("headers.ce_type", f"there is no type {event_type[:100]!r} in the contract")
    try:
        body = json.loads(record.value or b"")
    except (ValueError, RecursionError) as error:
        yield FieldError("body", f"it is no JSON: {first_line(error)}"[:MAX_MESSAGE])
    else:
        if event_type in EVENT_TYPES:
            yield from _differences("body", _validator(event_type), body)


def _header_errors(headers: Headers) -> Iterator[FieldError]:
    texts: dict[str, str] = {}
    for name, value in headers:
        if name in texts and name.startswith("ce_"):
            yield FieldError(f"headers.{name}", "comes more than once")
        try:
            texts[name] = (value or b"").decode()
        except UnicodeDecodeError:
            yield FieldError(f"headers.{name}", "is not UTF-8")
    yield from _differences("headers", Draft202012Validator(EVENT_HEADERS), texts)


def _differences(root: str, validator: Any, value: Any) -> Iterator[FieldError]:
    for error in validator.iter_errors(value):
        path = chain([root], (f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path))
        yield FieldError("".join(path), error.message[:MAX_MESSAGE])


@cache
def _validator(event_type: str) -> Any:
    return Draft202012Validator(event_schema(event_type))
