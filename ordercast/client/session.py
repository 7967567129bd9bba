"""Who a client is: tokens that are renewed before they end."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final, TypeVar
from urllib.parse import urlencode

import httpx
import msgspec

from ordercast.client.credentials import ApiKey, Login, Tokens
from ordercast.client.errors import ClientError, ProblemAnswer
from ordercast.client.request import Request, decode
from ordercast.client.transport import Transport

# A token is renewed this long (s) before it ends, so that no request arrives with one that just ended.
RENEW_BEFORE_S: Final = 60
UNAUTHORIZED: Final = 401

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Signed:
    """In place of a log-in, for whoever has the system's keys: access tokens that `sign` makes. No refresh token is in them."""

    sign: Callable[[], Awaitable[Tokens]]


class Session:
    """Sends requests, with the token or the API key of one account if there is one."""

    def __init__(self, transport: Transport, order_api: str, login: Login | ApiKey | Signed | None = None) -> None:
        self.transport = transport
        self.order_api = order_api
        self.login = login
        self._tokens: Tokens | None = None
        self._renew_at = 0.0
        self._renewing = asyncio.Lock()

    async def send(self, request: Request) -> httpx.Response:
        """As `Transport.send`; a token that is not taken is renewed, once."""
        token = await self._token()
        try:
            return await self.transport.send(_bearing(token, request))
        except ProblemAnswer as problem:
            if problem.status != UNAUTHORIZED or not isinstance(self.login, Login | Signed):
                raise
            return await self.transport.send(_bearing(await self._token(not_taken=token), request))

    async def ask(self, request: Request, answer: type[Answer]) -> Answer:
        """The answer's body as the type `answer`."""
        decoded: Answer = decode(await self.send(request), answer)
        return decoded

    async def authorized(self, request: Request) -> Request:
        """The request with a token that is good for a while, to send it in another way."""
        return _bearing(await self._token(), request)

    def renew_next(self) -> None:
        """A token of this session was not taken: the next request gets another one."""
        self._renew_at = 0.0

    async def log_in(self) -> None:
        """Gets the tokens now rather than with the first request.

        Raises:
            ProblemAnswer: the email or the password is wrong.
        """
        await self._token()

    async def log_out(self) -> None:
        """Ends this log-in: its tokens can no longer be refreshed. The next request logs in anew."""
        async with self._renewing:
            if self._tokens is None:
                return
            body = msgspec.json.encode({"refresh_token": self._tokens.refresh_token})
            headers = {"Content-Type": "application/json"}
            await self.transport.send(Request("POST", f"{self.order_api}/auth/log-out", body, headers, repeatable=True))
            self._tokens = None

    def go_on_with(self, tokens: Tokens, password: str) -> None:
        """After the password was changed, which ended all tokens from before."""
        self._keep(tokens)
        if isinstance(self.login, Login):
            self.login = replace(self.login, password=password)

    def _keep(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._renew_at = time.monotonic() + tokens.expires_in - RENEW_BEFORE_S

    async def _token(self, *, not_taken: str | None = None) -> str | None:
        if self.login is None or isinstance(self.login, ApiKey):
            return self.login.key if self.login else None
        async with self._renewing:
            tokens = self._tokens
            if tokens is None or tokens.access_token == not_taken or time.monotonic() >= self._renew_at:
                tokens = await self._renewed(self.login)
                self._keep(tokens)
            return tokens.access_token

    async def _renewed(self, login: Login | Signed) -> Tokens:
        if isinstance(login, Signed):
            return await login.sign()
        if self._tokens is not None:
            # Sent once: a refresh token that comes twice ends its family. Without an answer, logging in again helps.
            body = msgspec.json.encode({"refresh_token": self._tokens.refresh_token})
            headers = {"Content-Type": "application/json"}
            refresh = Request("POST", f"{self.order_api}/auth/refresh", body, headers)
            try:
                refreshed: Tokens = decode(await self.transport.send(refresh), Tokens)
            except ClientError:
                self._tokens = None
            else:
                return refreshed
        form = urlencode({"grant_type": "password", "username": login.email, "password": login.password}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        token = Request("POST", f"{self.order_api}/auth/token", form, headers, repeatable=True)
        granted: Tokens = decode(await self.transport.send(token), Tokens)
        return granted


def _bearing(token: str | None, request: Request) -> Request:
    if token is None:
        return request
    return replace(request, headers={**request.headers, "Authorization": f"Bearer {token}"})
