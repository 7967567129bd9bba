"""order_api in this process, on a real database: what tests of its HTTP side start from.

async with running_order_api(database_url, keys) as api:
    admin = await api.admin()
    answer = await api.client.post("/products", json={...}, headers=admin.headers)
"""

import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
from asgi_lifespan import LifespanManager
from fastapi import FastAPI

from ordercast.services.order_api.accounts.passwords import Passwords
from ordercast.services.order_api.accounts.sign_up import NewAccount, sign_up
from ordercast.services.order_api.app import order_api_app
from ordercast.services.order_api.settings import OrderApiSettings
from ordercast.services.order_api.wiring import OrderApi
from ordercast.services.shared.http.caller import Caller, Role
from ordercast.services.shared.http.token_keys import create_key_pair

PASSWORD: Final = "correct horse battery"
# Nobody listens on port 1 (tcpmux): what needs Kafka finds it missing.
NO_KAFKA: Final = "127.0.0.1:1"


@dataclass(frozen=True, slots=True)
class TokenKeys:
    """An Ed25519 pair as two PEM files."""

    private: Path
    public: Path

    @classmethod
    def create(cls, folder: Path) -> "TokenKeys":
        keys = cls(folder / "private.pem", folder / "public.pem")
        create_key_pair(keys.private, keys.public)
        return keys


class _HashedOnce(Passwords):
    """For the one password that all members have: each hash takes 25 ms."""

    _hashes: Final[dict[str, str]] = {}

    def __init__(self, passwords: Passwords) -> None:
        self._passwords = passwords

    async def hash_new(self, password: str, *, own: Sequence[str], field: str = "password") -> str:
        if password not in self._hashes:
            self._hashes[password] = await self._passwords.hash_new(password, own=own, field=field)
        return self._hashes[password]


@dataclass(frozen=True, slots=True)
class Member:
    """An account that is logged in."""

    id: int
    email: str
    nickname: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class RunningApi:
    """The app, a client that talks to it, and what its wiring opened."""

    app: FastAPI
    client: httpx.AsyncClient
    service: OrderApi
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    async def customer(self) -> Member:
        """A new customer."""
        return await self.member("CUSTOMER")

    async def admin(self) -> Member:
        """A new admin."""
        return await self.member("ADMIN")

    async def product(self, admin: Member, **fields: str) -> dict[str, Any]:
        """A new product, as the API answers it."""
        number = next(self._numbers)
        body = {"sku": f"SKU-{number}", "name": f"Product {number}", "price": "12.50", "currency": "EUR"} | fields
        answer = await self.client.post("/products", json=body, headers=admin.headers)
        assert answer.status_code == 201, answer.text
        product: dict[str, Any] = answer.json()
        return product

    async def member(self, role: Role) -> Member:
        """A new account with this role."""
        number = next(self._numbers)
        new = NewAccount(f"member{number}@example.com", f"Member{number}", PASSWORD, role)
        account = await sign_up(self.service.sessions, _HashedOnce(self.service.passwords), new)
        token = self.service.log_in.signer.sign(Caller(account.id, role))
        return Member(account.id, new.email, new.nickname, {"Authorization": f"Bearer {token}"})


def order_api_settings(database_url: str, keys: TokenKeys, **others: Any) -> OrderApiSettings:
    values: dict[str, Any] = {
        "database_url": database_url,
        "kafka_bootstrap": NO_KAFKA,
        "partitions": 4,
        "token_private_key_file": keys.private,
        "token_public_key_file": keys.public,
    }
    return OrderApiSettings(**(values | others))


@asynccontextmanager
async def running_order_api(database_url: str, keys: TokenKeys, **settings: Any) -> AsyncIterator[RunningApi]:
    """The whole app, opened and closed by its own lifespan."""
    app = order_api_app(order_api_settings(database_url, keys, **settings))
    async with (
        LifespanManager(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://order-api") as client,
    ):
        yield RunningApi(app, client, app.state.service)
