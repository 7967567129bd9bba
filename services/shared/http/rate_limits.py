"""How often, and how many at once, a caller may ask for something: by account, and by network address without a token.

Counted before a body is read, by token buckets in this process. Where several processes of a service share the callers, each
allows its part (`ServiceSettings.part_of_limit`). What is left is told with each answer, not only when it is used up.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ordercast.contracts.because import sentence
from ordercast.services.shared.http.credentials import caller_with
from ordercast.services.shared.http.party import party_of
from ordercast.services.shared.http.problem import Problem, answer_to
from ordercast.services.shared.http.token_buckets import TokenBuckets, rate_limit_headers
from ordercast.services.shared.problem_types.every_service import TOO_MANY_REQUESTS

# So many times as often as a customer others may ask: imports, the demo, and a shop's and an operator's programs.
STAFF_FACTOR: Final = 1_000

Party = int | str  # an account, or an address


@dataclass(frozen=True, slots=True)
class RateLimit:
    """`per_minute` requests with this method and path (a route's, with its parameters) by one caller, `at_once` of them."""

    name: str
    method: str
    path: str
    per_minute: int
    at_once: int | None = None


@dataclass(slots=True)
class _Counted:
    """A limit, and who has used how much of it."""

    limit: RateLimit
    buckets: TokenBuckets[Party]
    staff: TokenBuckets[Party]
    running: Counter[Party] = field(default_factory=Counter)

    def begin(self, party: Party, *, is_staff: bool) -> dict[str, str]:
        """Counts one more, until `end`; the headers of its answer.

        Raises:
            Problem: 429.
        """
        at_once = self.limit.at_once
        if at_once is not None and self.running[party] >= at_once:
            detail = sentence("too-many-at-once", most=at_once)
            raise Problem(TOO_MANY_REQUESTS, detail, headers={"Retry-After": "1"})
        buckets = self.staff if is_staff else self.buckets
        quota, wait_s = buckets.per_minute, buckets.take(party)
        if wait_s:
            headers = rate_limit_headers(self.limit.name, quota, 0, wait_s) | {"Retry-After": str(wait_s)}
            raise Problem(TOO_MANY_REQUESTS, sentence("too-often", quota=quota), headers=headers)
        self.running[party] += 1
        return rate_limit_headers(self.limit.name, quota, buckets.left(party), buckets.more_in_s)

    def end(self, party: Party) -> None:
        self.running[party] -= 1
        if not self.running[party]:
            del self.running[party]


class RateLimits:
    """ASGI middleware. `now` is a clock (ns)."""

    def __init__(self, app: ASGIApp, limits: Sequence[RateLimit], now: Callable[[], int] = time.monotonic_ns) -> None:
        self._app = app
        counted = [
            _Counted(limit, TokenBuckets(limit.per_minute, now), TokenBuckets(limit.per_minute * STAFF_FACTOR, now))
            for limit in limits
        ]
        self._exact = {(each.limit.method, each.limit.path): each for each in counted if "{" not in each.limit.path}
        self._patterns = [
            (each.limit.method, compile_path(each.limit.path)[0], each) for each in counted if "{" in each.limit.path
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        counted = self._of(scope) if scope["type"] == "http" else None
        if counted is None:
            await self._app(scope, receive, send)
            return
        party, is_staff = await _party_of(scope)
        try:
            told = counted.begin(party, is_staff=is_staff)
        except Problem as problem:
            await answer_to(scope, problem)(scope, receive, send)
            return
        headers = [(name.lower().encode(), value.encode()) for name, value in told.items()]

        async def send_with_what_is_left(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *headers]
            await send(message)

        try:
            await self._app(scope, receive, send_with_what_is_left)
        finally:
            counted.end(party)

    def _of(self, scope: Scope) -> _Counted | None:
        method, path = scope["method"], scope["path"]
        exact = self._exact.get((method, path))
        if exact is not None or not self._patterns:
            return exact
        return next((each for of, pattern, each in self._patterns if of == method and pattern.match(path)), None)


async def _party_of(scope: Scope) -> tuple[Party, bool]:
    """Who asks, and whether it is no customer. A token or key that is none, or that cannot be looked up for whatever reason, names
    nobody: the route looks it up again, and answers that."""
    token = _bearer_token(scope["headers"])
    if token is not None:
        try:
            caller = await caller_with(scope["app"].state.service, token)
        except Exception:  # noqa: S110
            pass
        else:
            return caller.account_id, caller.role != "CUSTOMER"
    return (party_of(scope["client"][0]) if scope.get("client") else ""), False


def _bearer_token(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    for name, value in headers:
        if name == b"authorization":
            scheme, _, token = value.decode("latin-1").partition(" ")
            return token if scheme.lower() == "bearer" else None
    return None
