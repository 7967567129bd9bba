"""Receivers that hang or come and go, replays and pauses at once: nothing is lost, and nobody keeps another one waiting."""

import asyncio
import random
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import TextClause, text

from ordercast.services.order_api.webhooks import keep_going
from ordercast.services.order_api.webhooks.forget_deliveries import _OLD
from ordercast.services.order_api.webhooks.manage_webhooks import MAX_WEBHOOKS, WebhookChange, change_webhook
from ordercast.services.order_api.webhooks.post_delivery import Answer
from ordercast.services.order_api.webhooks.read_deliveries import Span, replay_span
from ordercast.services.order_api.webhooks.send_deliveries import _CLAIM, OF_ONE, SendDeliveries
from ordercast.services.shared.http.caller import Caller
from tests.integration.order_api.test_webhooks import WITHIN_S, Held, receiver, sending, shop, until, until_states
from tests.support.webhook_receiver import Receiver
from tests.support.webhook_shop import WebhookShop

__all__ = ["receiver", "shop"]  # fixtures


async def test_as_many_receivers_as_there_may_be_hang_and_one_that_comes_then_gets_all_of_it(shop: WebhookShop) -> None:
    slow = MAX_WEBHOOKS - 1
    for _ in range(slow):
        await shop.subscribe("http://127.0.0.1/slow")
    await shop.order(OF_ONE)
    await shop.noted()
    post, stopping = Held(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(SendDeliveries(shop.sessions, post).run(stopping))
        await until(lambda: len(post.urls) == slow * OF_ONE)
        await shop.subscribe("http://127.0.0.1/fast")
        await shop.order(3)
        await shop.noted()
        await until_states(shop, {"WAITING": slow * (OF_ONE + 3), "DELIVERED": 3})
        post.go.set()
        await until_states(shop, {"DELIVERED": slow * (OF_ONE + 3) + 3})
        stopping.set()


async def test_an_attempt_is_signed_with_the_time_of_the_database(shop: WebhookShop) -> None:
    times = list[str]()

    async def post(url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        times.append(headers["webhook-timestamp"])
        return Answer(204, "", 1)

    await shop.subscribe("http://127.0.0.1/")
    await shop.order(1)
    await shop.noted()
    sender = SendDeliveries(shop.sessions, post)
    await sender.send_due()
    await until_states(shop, {"DELIVERED": 1})
    attempted = await shop.ask("SELECT floor(extract(epoch FROM attempted_at))::bigint::text FROM webhook_deliveries")
    assert attempted == [(times[0],)]


@pytest.mark.parametrize("seed", range(3))
async def test_replays_and_pauses_while_events_come_and_the_receiver_fails_now_and_then(
    shop: WebhookShop, receiver: Receiver, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keep_going, "RETRY_S", 0.01)
    chance, placed = random.Random(seed), 0
    await shop.change(f"UPDATE accounts SET role = 'OPERATOR' WHERE id = {shop.accounts[0]}")  # noqa: S608
    caller, made = Caller(shop.accounts[0], "OPERATOR"), await shop.subscribe(receiver.url)
    receiver.secret, webhook_id = made.secret, made.row.id
    before = made.row.created_at

    async def paused(value: bool) -> None:
        await change_webhook(shop.sessions, caller, webhook_id, WebhookChange(paused=value), private=True)

    async with sending(shop, wait_after=lambda _: 0.01), sending(shop, wait_after=lambda _: 0.01):
        for _ in range(15):
            count = chance.randrange(5)
            await shop.order(count)
            placed += count
            await shop.noted()
            receiver.failing = chance.random() < 0.3
            state = chance.choice((None, "DELIVERED", "WAITING"))
            replaying = replay_span(shop.sessions, caller, webhook_id, Span(since=before, state=state))  # type: ignore[arg-type]
            await asyncio.gather(replaying, paused(chance.random() < 0.3))
        receiver.failing = False
        await paused(False)
        async with asyncio.timeout(WITHIN_S):
            while len(receiver.events) < placed or await shop.states() != {"DELIVERED": placed}:
                await asyncio.sleep(0.01)
        again = await replay_span(shop.sessions, caller, webhook_id, Span(since=before))
        came = receiver.came.total()
        async with asyncio.timeout(WITHIN_S):
            while receiver.came.total() < came + placed or await shop.states() != {"DELIVERED": placed}:
                await asyncio.sleep(0.01)
    assert again.replayed == placed == len(receiver.events)
    assert receiver.quantities() == await shop.ordered()


@pytest.mark.parametrize(
    ("statement", "values", "condition"),
    [
        (_CLAIM, {"of_one": 4, "free": 9, "lease": 60.0, "webhooks": [], "counts": []}, "next_attempt_at <= "),
        (_OLD, {"kept_for": timedelta(days=30), "chunk": 9}, "created_at < "),
    ],
    ids=["claimed", "forgotten"],
)
async def test_what_is_due_or_old_is_found_by_an_index_and_no_other_row_read(
    shop: WebhookShop, statement: TextClause, values: dict[str, Any], condition: str
) -> None:
    async with shop.sessions() as session, session.begin():
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = [row[0] for row in await session.execute(text(f"EXPLAIN {statement.text}"), values)]
    assert [line for line in plan if "Index Cond" in line and condition in line], "\n".join(plan)
