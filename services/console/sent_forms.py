"""A form that is sent twice is done once: a second click gets what the first one got.

Each page gives its forms a token with a name of the page in it, so the same body at the same path is the same form of the same
page. The services know an Idempotency-Key for few things: here it holds for all that they are asked for, and needs no script.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# How long (s) what was done is remembered: for clicks and for a page that is loaded again, not for the day. An answer may show an
# API key.
KEPT_S: Final = 120.0
# Forms that are remembered, all browsers' together.
MOST_FORMS: Final = 256
# Bytes of an answer that is remembered. Longer ones show what was asked for, and change nothing.
MOST_ANSWERED: Final = 131_072
FORM: Final = "application/x-www-form-urlencoded"
_FAILED: Final = 400  # statuses from here on
# A token that names its page. What a stream draws anew has one without.
_NAMES_ITS_PAGE: Final = re.compile(rb"(?:^|&)csrf=[^&.]*\.[^&]")


@dataclass(slots=True)
class _Answer:
    """What was sent back, as messages, to a request with these cookies."""

    cookies: dict[str, str]
    messages: list[Message] = field(default_factory=list)

    async def send(self, message: Message) -> None:
        self.messages.append(message)

    def again(self, cookies: dict[str, str]) -> list[Message]:
        """For a request with other cookies it sets none: they were made of those before, such as a cart with one thing more."""
        if cookies == self.cookies:
            return self.messages
        start, *rest = self.messages
        kept = [(name, value) for name, value in start["headers"] if name.lower() != b"set-cookie"]
        return [{**start, "headers": kept}, *rest]

    @property
    def holds(self) -> bool:
        """Whether it is one to be remembered: what failed may be tried again."""
        length = sum(len(message.get("body", b"")) for message in self.messages)
        return bool(self.messages) and self.messages[0]["status"] < _FAILED and length <= MOST_ANSWERED


@dataclass(frozen=True, slots=True)
class _Sent:
    who: str
    doing: asyncio.Task[_Answer]


class SentForms:
    """ASGI middleware. It stands behind the limits of bodies and rates. `cookies` say of which browser a form is, `who` of which
    log-in: empty for all who have none. Forms of more than `longest` bytes are handed on: they are files."""

    def __init__(
        self,
        app: ASGIApp,
        cookies: Sequence[str],
        who: Callable[[Request], str],
        longest: int,
        kept_s: float = KEPT_S,
    ) -> None:
        self._app = app
        self._cookies = cookies
        self._who = who
        self._longest = longest
        self._kept_s = kept_s
        # The oldest first.
        self._sent: dict[bytes, _Sent] = {}

    @property
    def remembered(self) -> int:
        return len(self._sent)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] != "http"
            or scope["method"] != "POST"
            or not self._is_form(request := Request(scope, receive))
        ):
            await self._app(scope, receive, send)
            return
        body = await request.body()
        if not _NAMES_ITS_PAGE.search(body):
            await self._app(scope, _again(body, receive), send)
            return
        # Whoever has gone away, as a browser does at the second click, leaves it under way.
        answer = await asyncio.shield(self._done_once(request, body))
        for message in answer.again(request.cookies):
            await send(message)

    def _done_once(self, request: Request, body: bytes) -> asyncio.Task[_Answer]:
        whose = [request.cookies.get(name, "") for name in self._cookies]
        place = "\n".join((request.scope["path"], *whose)).encode()
        form = sha256(place + b"\n" + request.scope["query_string"] + b"\n" + body).digest()
        if form not in self._sent:
            self._make_room()
            doing = asyncio.create_task(self._do(request, body))
            doing.add_done_callback(lambda done: self._keep(form, done))
            self._sent[form] = _Sent(self._who(request), doing)
        return self._sent[form].doing

    async def _do(self, request: Request, body: bytes) -> _Answer:
        answer = _Answer(request.cookies)
        await self._app(request.scope, _again(body, request.receive), answer.send)
        return answer

    def _keep(self, form: bytes, done: asyncio.Task[_Answer]) -> None:
        """For a while, by itself: the next form may come tomorrow."""
        if done.cancelled() or done.exception() or not done.result().holds:
            self._forget(form, done)
        else:
            asyncio.get_running_loop().call_later(self._kept_s, self._forget, form, done)

    def _forget(self, form: bytes, done: asyncio.Task[_Answer]) -> None:
        if form in self._sent and self._sent[form].doing is done:
            del self._sent[form]

    def _make_room(self) -> None:
        """The oldest goes of whoever has most: nobody pushes out others' by sending many, least of all without a log-in."""
        while len(self._sent) >= MOST_FORMS:
            done = [(form, sent.who) for form, sent in self._sent.items() if sent.doing.done()]
            if not done:
                return
            [(most, _)] = Counter(who for _, who in done).most_common(1)
            del self._sent[next(form for form, who in done if who == most)]

    def _is_form(self, request: Request) -> bool:
        length = request.headers.get("content-length", "")
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        return kind == FORM and length.isdecimal() and int(length) <= self._longest


def _again(body: bytes, receive: Receive) -> Receive:
    """The body as a whole, then what comes."""
    parts: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_part() -> Message:
        return parts.pop() if parts else await receive()

    return next_part
