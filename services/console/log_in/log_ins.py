"""Who is logged in: tokens stay in this process, and a browser holds nothing but a random name for them.

In a cookie, encrypted or not, each of a page's requests would bring its own copy of a refresh token that is good once: two at a
time would end the log-in. Here one place renews them. A restart of the console asks people to log in again.
"""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, TypeVar
from urllib.parse import urlencode

import msgspec

from ordercast.client import Addresses, Client
from ordercast.client.account_answers import Account
from ordercast.client.credentials import Tokens
from ordercast.client.errors import ClientError, ServiceUnreachable
from ordercast.client.order_api import OrderApi
from ordercast.client.request import Request
from ordercast.client.session import Session, Signed
from ordercast.client.transport import Transport
from ordercast.services.console.parts import no_answer_within

# A working day (s): then one logs in again, however busy.
LOG_IN_S: Final = 12 * 3_600.0
# For a log-in, a log-out or a new account (s): the console's connections may all be taken.
DEADLINE_S: Final = 20.0
# Log-ins that are kept, some 2 kB each; for one more the oldest customer's goes, since anybody can become a customer.
MOST_LOG_INS: Final = 1_000
_NAME_BYTES: Final = 32
Answer = TypeVar("Answer")
OPERATORS: Final = frozenset({"OPERATOR", "ADMIN"})


@dataclass(slots=True, eq=False)
class LogIn:
    """One browser of one account, which is read again as its tokens are renewed: a role ends them when it changes. `csrf` has to
    come with each of its forms."""

    client: Client
    account: Account
    csrf: str
    ends_at: float
    # When the account was asked for last, by the clock that only goes forward (s).
    looked_at: float = field(default_factory=time.monotonic)

    @property
    def may_operate(self) -> bool:
        return self.account.role in OPERATORS

    @property
    def is_admin(self) -> bool:
        return self.account.role == "ADMIN"


class LogIns:
    """All log-ins of this process, by the names that browsers have. `now` is a clock (s)."""

    def __init__(self, transport: Transport, addresses: Addresses, now: Callable[[], float] = time.monotonic) -> None:
        self._transport = transport
        self._addresses = addresses
        self._anonymous = Session(transport, addresses.order_api)
        self._now = now
        self._kept: dict[str, LogIn] = {}

    async def sign_up(self, email: str, nickname: str, password: str) -> None:
        """Makes an account, which is a customer's.

        Raises:
            ClientError: order_api refuses it, or does not answer.
            TimeoutError: it does not answer in time.
        """
        async with asyncio.timeout(DEADLINE_S):
            await OrderApi(self._anonymous).sign_up(email, nickname, password)

    async def begin(self, email: str, password: str) -> str:
        """The name of a new log-in.

        Raises:
            ClientError: the email or the password is wrong, or order_api does not answer.
            TimeoutError: it does not answer in time.
        """
        form = urlencode({"grant_type": "password", "username": email, "password": password}).encode()
        url = f"{self._addresses.order_api}/auth/token"
        request = Request("POST", url, form, {"Content-Type": "application/x-www-form-urlencoded"})
        async with asyncio.timeout(DEADLINE_S):
            tokens = await self._anonymous.ask(request, Tokens)
            renewed = _Renewed(self._anonymous, tokens)
            client = Client(self._transport, self._addresses, Signed(renewed.next))
            account = await client.order_api.me()
        name = secrets.token_urlsafe(_NAME_BYTES)
        self._make_room()
        log_in = LogIn(client, account, secrets.token_urlsafe(_NAME_BYTES), self._now() + LOG_IN_S)
        self._kept[name] = renewed.log_in = log_in
        return name

    def find(self, name: str | None) -> LogIn | None:
        found = self._kept.get(name) if name else None
        return found if found and found.ends_at > self._now() else None

    async def end(self, name: str | None) -> None:
        """Ends the log-in here at once, and at order_api if that answers."""
        ended = self.forget(name)
        if ended is not None:
            with suppress(ClientError, TimeoutError):
                async with asyncio.timeout(DEADLINE_S):
                    await ended.client.log_out()

    def forget(self, name: str | None) -> LogIn | None:
        """Ends it here alone."""
        return self._kept.pop(name, None) if name else None

    def _make_room(self) -> None:
        now = self._now()
        self._kept = {name: kept for name, kept in self._kept.items() if kept.ends_at > now}
        while len(self._kept) >= MOST_LOG_INS:
            customers = (name for name, kept in self._kept.items() if not kept.may_operate)
            del self._kept[next(customers, next(iter(self._kept)))]


class _Renewed:
    """The tokens of one log-in: those that were granted, then each time their successors."""

    def __init__(self, session: Session, granted: Tokens) -> None:
        self._session = session
        self._granted: Tokens | None = granted
        self._refresh_token = granted.refresh_token
        self._renewing: asyncio.Task[None] | None = None
        self.log_in: LogIn | None = None

    async def next(self) -> Tokens:
        """Whoever waits no longer leaves the request under way: its answer is for whoever asks next."""
        while self._granted is None:
            if self._renewing is None:
                self._renewing = asyncio.create_task(self._renew())
            await asyncio.shield(self._renewing)
        tokens, self._granted = self._granted, None
        return tokens

    async def _renew(self) -> None:
        # Sent once: a refresh token that comes twice ends its family.
        body = msgspec.json.encode({"refresh_token": self._refresh_token})
        url = f"{self._session.order_api}/auth/refresh"
        try:
            request = Request("POST", url, body, {"Content-Type": "application/json"})
            tokens = await _in_time(url, self._session.ask(request, Tokens))
            self._granted, self._refresh_token = tokens, tokens.refresh_token
            if self.log_in is not None:
                with suppress(ClientError):
                    self.log_in.account = await self._account_of(tokens)
        finally:
            self._renewing = None

    async def _account_of(self, tokens: Tokens) -> Account:
        headers = {"Authorization": f"Bearer {tokens.access_token}"}
        url = f"{self._session.order_api}/accounts/me"
        return await _in_time(url, self._session.ask(Request("GET", url, headers=headers), Account))


async def _in_time(url: str, answer: Awaitable[Answer]) -> Answer:
    """Whoever asks next waits for a renewal, too.

    Raises:
        ClientError: it is refused, or does not come in time.
    """
    try:
        async with asyncio.timeout(DEADLINE_S):
            return await answer
    except TimeoutError:
        raise ServiceUnreachable(f"{url}: {no_answer_within(DEADLINE_S)}") from None
