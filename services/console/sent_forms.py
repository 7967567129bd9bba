"""A form that is sent twice is done once: a second click gets what the first one got.

Each page gives its forms a token with a name of the page in it, so the same body at the same path is the same form of the same
page. The services know an Idempotency-Key for few things: here it holds for all that they are asked for, and needs no script.
"""

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# How long (s) what was done is remembered: for clicks and for a page that is loaded again, not for the day.
KEPT_S: Final = 120.0
# Forms that are remembered, all browsers' together.
MOST_FORMS: Final = 256
# Bytes of a form, and of an answer that is remembered. What is longer is a file, or a page that says how it stands.
MOST_SENT: Final = 65_536
MOST_ANSWERED: Final = 131_072
FORM: Final = "application/x-www-form-urlencoded"
_FAILED: Final = 400  # statuses from here on
# A token that names its page; those of parts that come again by themselves do not.
_NAMES_ITS_PAGE: Final = re.compile(rb"(?:^|&)csrf=[^&.]*\.[^&]")


@dataclass(slots=True)
class _Answer:
    """What was sent back, as messages."""

    messages: list[Message] = field(default_factory=list)

    async def send(self, message: Message) -> None:
        self.messages.append(message)

    @property
    def holds(self) -> bool:
        """Whether it is one to be remembered: what failed may be tried again."""
        length = sum(len(message.get("body", b"")) for message in self.messages)
        return bool(self.messages) and self.messages[0]["status"] < _FAILED and length <= MOST_ANSWERED


class SentForms:
    """ASGI middleware. It stands behind the limits of bodies and rates. `cookies` say whose a form is; `now` is a clock (s)."""

    def __init__(self, app: ASGIApp, cookies: Sequence[str], now: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._cookies = cookies
        self._now = now
        # By form, the oldest first.
        self._sent: dict[bytes, tuple[float, asyncio.Task[_Answer]]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or not _is_form(request := Request(scope, receive)):
            await self._app(scope, receive, send)
            return
        body = await request.body()
        if not _NAMES_ITS_PAGE.search(body):
            await self._app(scope, _again(body, receive), send)
            return
        # Whoever has gone away, as a browser does at the second click, leaves it under way.
        for message in (await asyncio.shield(self._done_once(scope, body, receive))).messages:
            await send(message)

    def _done_once(self, scope: Scope, body: bytes, receive: Receive) -> asyncio.Task[_Answer]:
        self._forget_old()
        cookies = Request(scope).cookies
        whose = [cookies.get(name, "") for name in self._cookies]
        form = sha256(
            "\n".join((scope["path"], *whose)).encode() + b"\n" + scope["query_string"] + b"\n" + body
        ).digest()
        if form not in self._sent:
            doing = asyncio.create_task(self._do(scope, _again(body, receive)))
            doing.add_done_callback(lambda done: self._forget_failed(form, done))
            self._sent[form] = self._now(), doing
        return self._sent[form][1]

    async def _do(self, scope: Scope, receive: Receive) -> _Answer:
        answer = _Answer()
        await self._app(scope, receive, answer.send)
        return answer

    def _forget_failed(self, form: bytes, done: asyncio.Task[_Answer]) -> None:
        if done.cancelled() or done.exception() or not done.result().holds:
            self._sent.pop(form, None)

    def _forget_old(self) -> None:
        over = [form for form, (at, doing) in self._sent.items() if doing.done() and at < self._now() - KEPT_S]
        more = [form for form, (_, doing) in self._sent.items() if doing.done()]
        for form in {*over, *more[: max(0, len(self._sent) - MOST_FORMS + 1)]}:
            del self._sent[form]


def _is_form(request: Request) -> bool:
    length = request.headers.get("content-length", "")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == FORM and length.isdecimal() and int(length) <= MOST_SENT


def _again(body: bytes, receive: Receive) -> Receive:
    """The body as a whole, then what comes."""
    parts: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_part() -> Message:
        return parts.pop() if parts else await receive()

    return next_part
