"""Errors as RFC 9457 problem+json: what they look like, and which exception becomes which.

Use cases raise the errors of their service's own tree and know nothing of HTTP. Each service has one table
(`ProblemTable`) that says what each class of the tree looks like to a client; `create_app` takes it. Code at the edge, such
as the check of a token, may raise `Problem` itself.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from ordercast.contracts.because import Sentence, sentence, sentence_of
from ordercast.plain_words import plain_words
from ordercast.services.shared.problem_types.every_service import (
    CONTENT_TOO_LARGE,
    MALFORMED_BODY,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
)
from ordercast.services.shared.problem_types.problem_type import BareStatus, ProblemType

PROBLEM_JSON: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field of a request and what is wrong with it, for example ("items.0.quantity", "must be 1 or more")."""

    field: str
    message: str


ProblemTable = Mapping[type[Exception], ProblemType]
ProblemPage = Callable[[Request, "Problem"], Response]


@dataclass(eq=False)
class Problem(Exception):
    """An error answer. `detail` tells a person what is wrong with this request, a sentence also as data; `members` are extra
    top-level members."""

    type: ProblemType
    detail: str | None = None
    errors: Sequence[FieldError] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.detail or self.type.title

    def body(self) -> dict[str, Any]:
        content: dict[str, Any] = {
            "type": self.type.address,
            "title": self.type.title,
            "status": self.type.status,
        }
        if self.detail:
            content["detail"] = self.detail
        if isinstance(self.detail, Sentence):
            content["because"] = msgspec.to_builtins(self.detail.because)
        if self.errors:
            content["errors"] = [{"field": error.field, "message": error.message} for error in self.errors]
        return content | dict(self.members)

    def response(self) -> Response:
        headers = dict(self.headers)
        if self.type.retry_after is not None:
            headers.setdefault("Retry-After", str(self.type.retry_after))
        # The standard library's encoder: unlike the fast ones it takes half a surrogate pair in a field's name.
        return Response(json.dumps(self.body(), default=str), self.type.status, headers, PROBLEM_JSON)


def answer_to(scope: Scope, problem: Problem) -> Response:
    """What a middleware answers: problem+json, or a page where the app has pages for people (`create_app`)."""
    show: ProblemPage | None = getattr(getattr(scope.get("app"), "state", None), "problem_page", None)
    return show(Request(scope), problem) if show else problem.response()


# What the framework leaves at the status's own phrase.
_DETAILS: Final = {404: sentence("nothing-at-this-path"), 405: sentence("another-method")}


def of_status(status: int, detail: str | None, headers: Mapping[str, str] | None) -> Problem:
    """The problem for an HTTP status that the framework answers with, such as 404 for an unknown path."""
    known = {kind.status: kind for kind in (MALFORMED_BODY, NOT_FOUND, METHOD_NOT_ALLOWED, CONTENT_TOO_LARGE)}
    phrase = HTTPStatus(status).phrase
    kind = known.get(status) or BareStatus(phrase.lower().replace(" ", "-"), status, phrase)
    return Problem(kind, detail if detail != phrase else _DETAILS.get(status), headers=headers or {})


def of_error(error: Exception, table: ProblemTable) -> Problem:
    """The problem that the table has for the error or the nearest of its base classes.

    `str(error)` is the detail, and data, too, where the error was made with a sentence; an attribute `fields` of the error (field
    -> message) names the failing fields, an attribute `members` holds extra members of the answer, `retry_after_s` says better than
    the table when to try again, and `headers` are more headers.
    """
    kind = next(table[cls] for cls in type(error).__mro__ if cls in table)
    fields: Mapping[str, str] = getattr(error, "fields", {})
    members: Mapping[str, Any] = getattr(error, "members", {})
    retry_after_s: int | None = getattr(error, "retry_after_s", None)
    headers: Mapping[str, str] = getattr(error, "headers", {})
    return Problem(
        kind,
        sentence_of(error) or str(error) or None,
        [FieldError(name, message) for name, message in fields.items()],
        headers=headers if retry_after_s is None else {**headers, "Retry-After": str(retry_after_s)},
        members=members,
    )


def field_errors(errors: Iterable[Mapping[str, Any]]) -> list[FieldError]:
    """pydantic's errors without what the client sent: a password must not come back, and not stand in a log."""
    return [FieldError(_field_name(error["loc"]), plain_words(error["msg"])) for error in errors]


def _field_name(location: Sequence[int | str]) -> str:
    """("body", "items", 0, "quantity") is "items.0.quantity"; the body as a whole is "body"."""
    parts = location[1:] if len(location) > 1 else location
    # Names of unknown fields are the client's own: a long one is cut.
    return ".".join(str(part)[:100] for part in parts)
