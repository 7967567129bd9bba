"""What the worker refused, as order_api answers it."""

from datetime import datetime
from typing import Any

from msgspec import Struct

from ordercast.contracts.because import Because


class FieldError(Struct, frozen=True):
    field: str
    message: str


class Checked(Struct, frozen=True):
    """What the worker says to a record (`refusal` None: it takes it), and how it differs from the contract."""

    refusal: str | None
    errors: list[FieldError]
    sent: bool = False


class Left(Struct, frozen=True):
    """`because` is the reason as data, where the service has it so."""

    id: str
    reason: str
    because: Because | None = None


class Outcome(Struct, frozen=True):
    """`done`: with which it was done, or in a dry run would be; `left`: the others."""

    done: list[str]
    left: list[Left]


class Header(Struct, frozen=True):
    name: str
    value: str


class DeadLetter(Struct, frozen=True, kw_only=True):
    """A refused record; `state` is waiting, replayed, discarded or applied."""

    id: str
    state: str
    reason: str
    topic: str
    partition: int
    offset: int
    key: str
    type: str | None
    accepted_at: datetime
    is_cut: bool


class WholeDeadLetter(DeadLetter, frozen=True, kw_only=True):
    """With its record, and the JSON Schema of its type, if that is known."""

    headers: list[Header]
    body: str
    is_text: bool
    check: Checked
    contract: dict[str, Any] | None
