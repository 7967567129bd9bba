"""A refused body is read on, so that its sender sees the answer and no reset, but not without end."""

from collections.abc import Iterator

import pytest
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ordercast.services.shared.http import body_limit
from ordercast.services.shared.http.body_limit import BodyLimit

PIECE = b"x" * 100
LIMIT = 250


async def refuses(scope: Scope, receive: Receive, send: Send) -> None:
    """A route that refuses the body after its first piece."""
    await receive()
    await Response(status_code=422)(scope, receive, send)


async def accepts(scope: Scope, receive: Receive, send: Send) -> None:
    await Response(status_code=200)(scope, receive, send)


async def ask(app: ASGIApp, pieces: int, *headers: tuple[bytes, bytes]) -> tuple[int, int]:
    """The status, and how many pieces were read before it was sent."""
    read = 0
    statuses: list[tuple[int, int]] = []
    messages: Iterator[Message] = iter(
        {"type": "http.request", "body": PIECE, "more_body": number < pieces} for number in range(1, pieces + 1)
    )

    async def receive() -> Message:
        nonlocal read
        read += 1
        return next(messages)  # a body that is read beyond its end fails the test

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append((message["status"], read))

    scope = {"type": "http", "path": "/", "method": "POST", "headers": list(headers)}
    await app(scope, receive, send)
    (status,) = statuses
    return status


def length(pieces: int) -> tuple[bytes, bytes]:
    return b"content-length", str(pieces * len(PIECE)).encode()


async def test_a_body_that_says_it_is_too_long_is_read_before_the_refusal() -> None:
    assert await ask(BodyLimit(accepts, LIMIT, {}), 9, length(9)) == (413, 9)


@pytest.mark.parametrize("limit", [LIMIT, None])
async def test_a_body_that_a_route_refuses_in_the_middle_is_read_before_the_refusal(limit: int | None) -> None:
    assert await ask(BodyLimit(refuses, LIMIT, {"/": limit}), 2, length(2)) == (422, 2)
    assert await ask(BodyLimit(refuses, LIMIT, {"/": limit}), 1, length(1)) == (422, 1)


async def test_a_refused_body_is_not_read_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limit, "_DISCARDED_BYTES", 300)
    assert await ask(BodyLimit(accepts, LIMIT, {}), 9, length(9)) == (413, 3)


async def test_a_body_that_waits_to_be_asked_for_is_left_where_it_is() -> None:
    assert await ask(BodyLimit(accepts, LIMIT, {}), 9, length(9), (b"expect", b"100-continue")) == (413, 0)


async def test_what_is_accepted_is_left_to_its_route() -> None:
    assert await ask(BodyLimit(accepts, LIMIT, {}), 2, length(2)) == (200, 0)
