"""Log-ins of this process: their tokens, their accounts and how many there are."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response

from ordercast.client import Addresses
from ordercast.client.errors import ServiceUnreachable
from ordercast.client.transport import Transport
from ordercast.services.console.log_in import log_ins as module
from ordercast.services.console.log_in.log_ins import LogIns
from tests.support.console_services import PASSWORD, Shop


@dataclass
class SlowShop(Shop):
    """Uses a refresh token at once, and answers when `gate` is open."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    refreshing: asyncio.Event = field(default_factory=asyncio.Event)

    async def refresh(self, request: Request) -> Response:
        answer = await super().refresh(request)
        self.refreshing.set()
        await self.gate.wait()
        return answer

    def end_access_tokens(self) -> None:
        self.good_tokens = {token for token in self.good_tokens if not token.startswith("access-")}


@asynccontextmanager
async def log_ins_at(shop: Shop) -> AsyncIterator[LogIns]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=shop.app())) as http:
        url = "http://services/order_api"
        yield LogIns(Transport([http], retry_for_s=0), Addresses(url, url, url))


async def begin(log_ins: LogIns, name: str) -> str:
    return await log_ins.begin(f"{name}@shop.example", PASSWORD)


async def test_a_renewal_that_nobody_waits_for_any_longer_is_for_whoever_asks_next() -> None:
    shop = SlowShop()
    async with log_ins_at(shop) as log_ins:
        log_in = log_ins.find(await begin(log_ins, "olga"))
        assert log_in
        shop.end_access_tokens()
        late = asyncio.create_task(log_in.client.order_api.me())
        await shop.refreshing.wait()
        late.cancel()
        await asyncio.gather(late, return_exceptions=True)
        shop.gate.set()
        await log_in.client.order_api.me()
        assert shop.issued == 2


async def test_a_role_that_changed_is_known_after_the_renewal_that_follows() -> None:
    shop = SlowShop()
    shop.gate.set()
    async with log_ins_at(shop) as log_ins:
        log_in = log_ins.find(await begin(log_ins, "adam"))
        assert log_in
        assert log_in.is_admin
        shop.roles["adam"] = "CUSTOMER"
        shop.end_access_tokens()
        await log_in.client.order_api.trends(first=date(2026, 11, 1), last=date(2026, 11, 2))
        assert not log_in.may_operate


@pytest.mark.parametrize("signs_up", [False, True])
async def test_nobody_waits_for_ever_for_a_free_connection(signs_up: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DEADLINE_S", 0.01)
    url = "http://services/order_api"
    log_ins = LogIns(Transport([], retry_for_s=0), Addresses(url, url, url))
    asked = log_ins.sign_up("a@shop.example", "a", PASSWORD) if signs_up else log_ins.begin("a@shop.example", PASSWORD)
    waiting = asyncio.ensure_future(asked)
    await asyncio.wait([waiting], timeout=5)
    assert isinstance(waiting.exception(), TimeoutError)


async def test_customers_go_before_operators_where_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_LOG_INS", 2)
    async with log_ins_at(Shop()) as log_ins:
        names = [await begin(log_ins, name) for name in ("olga", "carl", "carl", "adam")]
        assert [log_ins.find(name) is not None for name in names] == [True, False, False, True]


async def test_a_renewal_that_comes_to_no_end_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "DEADLINE_S", 0.2)
    shop = SlowShop()
    shop.gate.set()
    async with log_ins_at(shop) as log_ins:
        log_in = log_ins.find(await begin(log_ins, "olga"))
        assert log_in
        shop.gate.clear()
        shop.end_access_tokens()
        with pytest.raises(ServiceUnreachable, match="no answer within"):
            await log_in.client.order_api.me()
