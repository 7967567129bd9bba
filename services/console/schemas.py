"""What the questions of several pages have in common: fields that a form leaves empty, and the link that asks the same."""

import re
from dataclasses import asdict
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

from fastapi import Query
from pydantic import BeforeValidator, Field, StringConstraints

from ordercast.services.shared.http.requests import MAX_ID, PLAIN_INTEGER, WITHOUT_NUL, CalendarDate

# Short enough to be written out.
_IN_A_NUMBER_FIELD: Final = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?", re.ASCII)


def _none_if_empty(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


# A field of a form that may be left empty: it is sent all the same.
NONE_IF_EMPTY: Final = BeforeValidator(_none_if_empty)


def _written_out(value: object) -> object:
    """A whole number as browsers also take it in a field for numbers: 1e3 and 7.0 are 1000 and 7."""
    if not isinstance(value, str) or not _IN_A_NUMBER_FIELD.fullmatch(value):
        return value
    number = Decimal(value)
    return str(int(number)) if number == number.to_integral_value() else value


# Before PLAIN_INTEGER, so behind it in an `Annotated`: of a field that somebody types into.
TYPED_NUMBER: Final = BeforeValidator(_written_out)

# Bounds are those of the number: beside the whole they would also be held against the None of an empty field.
Id = Annotated[Annotated[int, Field(ge=1, le=MAX_ID)] | None, PLAIN_INTEGER, TYPED_NUMBER, NONE_IF_EMPTY, Query()]
After = Annotated[Annotated[int, Field(ge=0, le=MAX_ID)] | None, PLAIN_INTEGER, TYPED_NUMBER, NONE_IF_EMPTY, Query()]
YesOrNo = Annotated[Literal["true", "false"] | None, NONE_IF_EMPTY, Query()]
Day = Annotated[CalendarDate | None, NONE_IF_EMPTY, Query()]
_Text = Annotated[str, StringConstraints(max_length=255, strip_whitespace=True), WITHOUT_NUL]
Reference = Annotated[_Text | None, NONE_IF_EMPTY, Query()]


def flag(answer: str | None) -> bool | None:
    return None if answer is None else answer == "true"


def midnight(day: date | None) -> datetime | None:
    """As which the API takes a day: its first moment in UTC."""
    return None if day is None else datetime.combine(day, time(), UTC)


def query_of(asked: Any, **changes: Any) -> str:
    """The same question, with changes; what is empty stays out of it."""
    parts = asdict(asked) | changes
    told = {name: value for name, value in parts.items() if value not in (None, "")}
    return urlencode({name: _written(value) for name, value in told.items()})


def _written(value: object) -> object:
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value
