"""A webhook goes on for as long as whoever made it may make one; then it pauses, and somebody else may let it go on."""

from typing import Any, Final

import pytest

from ordercast.services.order_api.errors import TokenEnded
from ordercast.services.order_api.webhooks.manage_webhooks import (
    WebhookChange,
    change_webhook,
    create_webhook,
    delete_webhook,
)
from ordercast.services.order_api.webhooks.read_deliveries import Span, replay_span
from ordercast.services.order_api.webhooks.watch_webhooks import measure_webhooks
from ordercast.services.shared.http.caller import Caller
from ordercast.services.shared.telemetry.metrics import WEBHOOKS_PAUSED
from tests.support.order_api import Member, RunningApi

URL: Final = "https://shop.example/hook"


@pytest.fixture
async def maker(api: RunningApi) -> Member:
    return await api.member("OPERATOR")


async def ask(api: RunningApi, member: Member, method: str, path: str, **body: Any) -> Any:
    answer = await api.client.request(method, path, json=body or None, headers=member.headers)
    assert answer.is_success, answer.text
    return answer.json()


async def made(api: RunningApi, member: Member) -> str:
    return f"/webhooks/{(await ask(api, member, 'POST', '/webhooks', url=URL, event_types=['order.placed']))['id']}"


async def state(api: RunningApi, admin: Member, path: str) -> tuple[bool, str | None]:
    webhook = await ask(api, admin, "GET", path)
    return webhook["paused_at"] is not None, webhook["pause_reason"]


async def lines(api: RunningApi, admin: Member) -> list[tuple[int, str, dict[str, Any]]]:
    found = (await ask(api, admin, "GET", "/audit?kind=webhook-changed"))["data"]
    return [(line["account_id"], line["subject"], line["details"]) for line in found]


@pytest.mark.parametrize("change", [{"blocked": True}, {"role": "CUSTOMER"}, {"role": "SERVICE"}])
async def test_it_pauses_when_its_maker_may_make_none_any_more_and_that_is_told(
    api: RunningApi, admin: Member, maker: Member, change: dict[str, Any]
) -> None:
    path, of_another = await made(api, maker), await made(api, admin)
    paused_before = await made(api, maker)
    await ask(api, maker, "PATCH", paused_before, paused=True)
    await ask(api, admin, "PATCH", f"/accounts/{maker.id}", **change)
    assert await state(api, admin, path) == (True, "MAKER")
    assert await state(api, admin, paused_before) == (True, "MAKER")
    assert await state(api, admin, of_another) == (False, None)
    told = {"paused": True, "reason": "MAKER"}
    assert (await lines(api, admin))[:2] == [(admin.id, paused_before[1:], told), (admin.id, path[1:], told)]
    await measure_webhooks(api.service.sessions)
    assert WEBHOOKS_PAUSED.labels("maker")._value.get() == 2


@pytest.mark.parametrize("change", [{"role": "ADMIN"}, {"blocked": False}])
async def test_it_goes_on_when_its_maker_still_may(
    api: RunningApi, admin: Member, maker: Member, change: dict[str, Any]
) -> None:
    path = await made(api, maker)
    await ask(api, admin, "PATCH", f"/accounts/{maker.id}", **change)
    assert await state(api, admin, path) == (False, None)


async def test_who_lets_it_go_on_is_its_maker_from_then(api: RunningApi, admin: Member, maker: Member) -> None:
    path, other = await made(api, maker), await api.member("OPERATOR")
    await ask(api, admin, "PATCH", f"/accounts/{maker.id}", blocked=True)
    await ask(api, admin, "PATCH", f"/accounts/{maker.id}", blocked=False)
    assert await state(api, admin, path) == (True, "MAKER")  # nobody has looked at it yet
    await ask(api, other, "PATCH", path, paused=False)
    webhook = await ask(api, admin, "GET", path)
    assert (webhook["account_id"], webhook["paused_at"], webhook["pause_reason"]) == (other.id, None, None)
    assert (await lines(api, admin))[0] == (other.id, path[1:], {"account_id": other.id, "paused": False})
    await ask(api, admin, "PATCH", f"/accounts/{maker.id}", blocked=True)
    assert await state(api, admin, path) == (False, None)


async def test_who_gives_it_another_url_is_its_maker_from_then(api: RunningApi, admin: Member, maker: Member) -> None:
    path, other = await made(api, maker), await api.member("OPERATOR")
    await ask(api, other, "PATCH", path, url="https://other.example/hook")
    assert (await lines(api, admin))[0] == (other.id, path[1:], {"host": "other.example", "account_id": other.id})
    await ask(api, admin, "PATCH", f"/accounts/{maker.id}", blocked=True)
    assert await state(api, admin, path) == (False, None)
    await ask(api, admin, "PATCH", f"/accounts/{other.id}", blocked=True)
    assert await state(api, admin, path) == (True, "MAKER")


async def test_an_api_key_that_is_thought_good_for_some_seconds_more_does_nothing(
    api: RunningApi, admin: Member, maker: Member
) -> None:
    path = await made(api, maker)
    await ask(api, admin, "PATCH", f"/accounts/{maker.id}", blocked=True)
    by_key = Caller(maker.id, "OPERATOR", version=99, scopes=frozenset({"webhooks:write"}))
    sessions, number = api.service.sessions, int(path.split("/")[-1])
    with pytest.raises(TokenEnded):
        await create_webhook(sessions, by_key, URL, frozenset({"order.placed"}), private=False)
    with pytest.raises(TokenEnded):
        await change_webhook(sessions, by_key, number, WebhookChange(paused=False), private=False)
    with pytest.raises(TokenEnded):
        await replay_span(sessions, by_key, number, Span())
    with pytest.raises(TokenEnded):
        await delete_webhook(sessions, by_key, number)
    assert await state(api, admin, path) == (True, "MAKER")
