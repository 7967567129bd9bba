"""What all request bodies have in common."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from inspect import signature
from itertools import islice
from typing import Annotated, Final, Self

from annotated_types import GroupedMetadata
from fastapi import Depends, Path, Request
from fastapi.params import Form
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from ordercast.contracts.limits import MAX_BIGINT
from ordercast.services.shared.http.json_text import AmbiguousJson, refuse_ambiguous
from ordercast.services.shared.http.problem import Problem
from ordercast.services.shared.problem_types.every_service import MALFORMED_BODY

# The largest identity that PostgreSQL's bigint holds.
MAX_ID: Final = MAX_BIGINT

# Errors of a body that an answer names: enough to find a mistake.
MAX_NAMED_ERRORS: Final = 50
# An object of arrays of objects is the deepest body; what lies deeper in one that is sent is an error as a whole.
_BODY_DEPTH: Final = 3

# C0 and C1 controls and Unicode's own line ends.
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# How each time begins; pydantic looks at the rest.
_DATE_AND_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d", re.ASCII)
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
# Characters of a time: with nine decimals and a zone it has 35.
MAX_TIME: Final = 64
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


async def refuse_ambiguous_body(request: Request) -> None:
    """A dependency of every route: of those with a body in JSON, it has been read by then.

    Raises:
        Problem: 400, `refuse_ambiguous` says why.
    """
    body_field = request.scope["route"].body_field
    if body_field is None or isinstance(body_field.field_info, Form):
        return
    if body := await request.body():
        try:
            refuse_ambiguous(body)
        except AmbiguousJson as error:
            raise Problem(MALFORMED_BODY, f"the body is no JSON that all read alike: {error}") from None


class RequestModel(BaseModel):
    """A part of a request body: unknown fields are refused, and nothing is converted ("5" and 5.0 are no integers)."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class BodyModel(RequestModel):
    """A request body as a whole, of which few errors are named: each costs pydantic and FastAPI 4 us, however few are shown."""

    @model_validator(mode="wrap")
    @classmethod
    def _name_few_errors(cls, value: object, validated: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return validated(value)
        except ValidationError as error:
            count = error.error_count()
            if count <= MAX_NAMED_ERRORS:
                raise
        validated(_beginning_of(value))
        raise PydanticCustomError("too_many_errors", "holds {count} errors", {"count": count})


def _beginning_of(value: object, depth: int = _BODY_DEPTH) -> object:
    """The value with the first members of each object and array alone."""
    if depth == 0:
        return value
    if isinstance(value, dict):
        return {name: _beginning_of(member, depth - 1) for name, member in islice(value.items(), MAX_NAMED_ERRORS)}
    if isinstance(value, list):
        return [_beginning_of(member, depth - 1) for member in value[:MAX_NAMED_ERRORS]]
    return value


def _as_written(value: object) -> object:
    """A number or a time is no date, however it could be read as one."""
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise ValueError("must be a date as YYYY-MM-DD")
    return value


# A day of a calendar, as YYYY-MM-DD.
CalendarDate = Annotated[date, Field(strict=False), BeforeValidator(_as_written)]


class ChangeModel(BodyModel):
    """The body of a PATCH: each field is optional, declared as `X | None = None`; those that are sent are in
    `model_dump(exclude_unset=True)`. There is no field to empty: null is refused."""

    @field_validator("*", mode="before")
    @classmethod
    def _not_null(cls, value: object) -> object:
        if value is None:
            raise ValueError("must not be null; leave the field out to keep it as it is")
        return value

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.model_fields_set:
            raise ValueError(f"must name something to change: {', '.join(type(self).model_fields)}")
        return self


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not hold the character NUL")
    return text


def _on_one_line(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("must be one line without control characters")
    return text


# Text that PostgreSQL can hold: it refuses the character NUL. Other constraints go before it in an `Annotated`.
WITHOUT_NUL: Final = AfterValidator(_without_nul)
StoredText = Annotated[str, WITHOUT_NUL]


@dataclass(frozen=True, slots=True)
class OneLine(GroupedMetadata):
    """`Annotated[str, OneLine(64)]`: a name or the like of 1 to `max_length` characters; blanks around it are cut off."""

    max_length: int = 200

    def __iter__(self) -> Iterator[object]:
        yield StringConstraints(strip_whitespace=True, min_length=1, max_length=self.max_length)
        yield AfterValidator(_on_one_line)


def _plain_integer(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]+", value) is None:
        raise ValueError("must be a whole number")
    return value


# Before an `int` of a path or a query, which hold text: only digits are a whole number, although Python would also take "1_0",
# " 7" and "7.0".
PLAIN_INTEGER: Final = BeforeValidator(_plain_integer)


def _plain_number(value: object) -> object:
    if isinstance(value, str) and _NUMBER.fullmatch(value) is None:
        raise ValueError("must be a number, for example 0.9")
    return value


# The same before a `float`: a number as JSON has them, no "0_9", " 0.9", "nan" and "infinity".
PLAIN_NUMBER: Final = BeforeValidator(_plain_number)
# An identity in a path. Beyond bigint it cannot exist; refusing it here keeps it out of SQL.
PathId = Annotated[int, PLAIN_INTEGER, Path(ge=1, le=MAX_ID)]


def _date_and_time(value: object) -> object:
    if not isinstance(value, str) or len(value) > MAX_TIME or not _DATE_AND_TIME.match(value):
        raise ValueError("must be a time as RFC 3339 text, for example 2026-01-02T03:04:05Z")
    return value


# RFC 3339 with a time zone. Not strict, since JSON has no times; but a number, which pydantic would take as seconds, is none,
# also as text.
Timestamp = Annotated[
    AwareDatetime, Field(strict=False, json_schema_extra={"maxLength": MAX_TIME}), BeforeValidator(_date_and_time)
]


def in_query(question: type[object]) -> object:
    """A dependency: the parameters of a dataclass, made from the query.

    `Depends()` on the class itself would be the same in a thread of its own, since a class is no coroutine: for a request that
    answers in 2 ms that is another.
    """

    async def made(**parts: object) -> object:
        return question(**parts)

    made.__signature__ = signature(question)  # type: ignore[attr-defined]  # what FastAPI reads
    return Depends(made)
