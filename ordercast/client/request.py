"""A request, and what its answer says: the part of the client that waits for nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import msgspec

from ordercast.client.errors import AnswerUnreadable, ProblemAnswer
from ordercast.contracts.because import Because
from ordercast.first_line import first_line

# A service that does not take the connection within this time (s) is not there.
CONNECT_TIMEOUT_S: Final = 5.0
# Longer than any server-side deadline (30 s), so that the server's own error arrives.
READ_TIMEOUT_S: Final = 40.0
# A client that tries for this long (s) notices no killed service: it is back within a few seconds. What takes the longest is a
# batch of views that Kafka cut off twice (10 s each) before the kill, which keeps its key for another 15 s; and the pauses.
RETRY_FOR_S: Final = 40.0
FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 2.0
# Not the caller's fault and not for long: too many requests, or something behind the service is away. Any other status is
# transient too when the answer says when to try again (Retry-After).
TRANSIENT_STATUSES: Final = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Request:
    """`repeatable` says that sending it twice does no more than sending it once."""

    method: str
    url: str
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    repeatable: bool = False
    # Statuses beside those of success that come with the answer itself; a problem with such a status stays a problem.
    answered_with: frozenset[int] = frozenset()
    read_timeout_s: float = READ_TIMEOUT_S


def problem_of(response: httpx.Response) -> ProblemAnswer:
    """The error of an answer, problem+json or not."""
    title, wait_s = f"{response.status_code} {response.reason_phrase}", _named_wait_s(response)
    try:
        body = msgspec.json.decode(response.content, type=_Problem)
    except msgspec.DecodeError:
        return ProblemAnswer(response.status_code, "unknown", title, response.text[:200] or None, wait_s=wait_s)
    fields = {error.field: error.message for error in body.errors}
    kind = body.type.rpartition("/")[2]
    return ProblemAnswer(
        response.status_code, kind, body.title or title, body.detail, fields, wait_s=wait_s, because=body.because
    )


def decode(response: httpx.Response, answer: type[Any]) -> Any:
    """The body of a success as the struct `answer`.

    Raises:
        AnswerUnreadable: it is something else.
    """
    try:
        return msgspec.json.decode(response.content, type=answer)
    except msgspec.DecodeError as error:
        raise AnswerUnreadable(f"{response.request.method} {response.request.url}: {first_line(error)}") from error


class _FieldError(msgspec.Struct):
    field: str
    message: str


class _Problem(msgspec.Struct):
    type: str = "unknown"
    title: str = ""
    detail: str | None = None
    because: Because | None = None
    errors: list[_FieldError] = []


def is_answer(response: httpx.Response, request: Request) -> bool:
    return response.status_code in request.answered_with and response.headers.get("content-type") == "application/json"


def is_transient(response: httpx.Response) -> bool:
    return response.status_code in TRANSIENT_STATUSES or "retry-after" in response.headers


def _named_wait_s(response: httpx.Response) -> float:
    """Of a 429 alone: services that are away say a second, the shortest that the header can, and are often back before."""
    named = response.headers.get("retry-after", "")
    return float(named) if response.status_code == httpx.codes.TOO_MANY_REQUESTS and named.isdecimal() else 0.0


def built(http: httpx.AsyncClient | httpx.Client, request: Request) -> httpx.Request:
    return http.build_request(
        request.method,
        request.url,
        content=request.body,
        headers=dict(request.headers),
        params={name: value for name, value in request.params.items() if value is not None},
        timeout=httpx.Timeout(request.read_timeout_s, connect=CONNECT_TIMEOUT_S),
    )
