"""A receiver gets each event of its types at least once, whoever fails or is killed on the way."""

import asyncio
import base64
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

import pytest
from sqlalchemy import text

from ordercast.services.order_api.errors import PositionMoved
from ordercast.services.order_api.webhooks import forget_deliveries, keep_going, note_deliveries, send_deliveries
from ordercast.services.order_api.webhooks.backoff import ATTEMPTS
from ordercast.services.order_api.webhooks.forget_deliveries import forget_secrets, forget_some
from ordercast.services.order_api.webhooks.manage_webhooks import WebhookChange, change_webhook, delete_webhook
from ordercast.services.order_api.webhooks.note_deliveries import NoteDeliveries
from ordercast.services.order_api.webhooks.post_delivery import Answer, open_post_delivery
from ordercast.services.order_api.webhooks.send_deliveries import LEASE_S, OF_ONE, SendDeliveries
from ordercast.services.order_api.webhooks.subscriptions import add_subscription
from ordercast.services.order_api.webhooks.watch_webhooks import measure_webhooks
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.http.caller import Caller
from ordercast.services.shared.kafka.memory import MemoryConsumer
from ordercast.services.shared.kafka.ports import ReadPositions
from ordercast.services.shared.telemetry.metrics import WEBHOOKS_PAUSED
from tests.support.order_api import Member, RunningApi
from tests.support.seeds import seed_accounts, seed_products
from tests.support.webhook_receiver import Receiver, receiving
from tests.support.webhook_shop import PLACES, WebhookShop

WITHIN_S: Final = 60.0


@pytest.fixture
async def shop(sessions: Sessions) -> WebhookShop:
    accounts = await seed_accounts(sessions, 5)
    (product,) = await seed_products(sessions, ["1"])
    return WebhookShop(sessions, accounts, product)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not condition():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def sending(shop: WebhookShop, **others: Any) -> AsyncIterator[None]:
    stopping = asyncio.Event()
    async with open_post_delivery(private=True) as post, asyncio.TaskGroup() as group:
        group.create_task(SendDeliveries(shop.sessions, post, **others).run(stopping))
        yield
        stopping.set()


async def test_a_receiver_that_fails_for_a_while_gets_all_of_it(shop: WebhookShop, receiver: Receiver) -> None:
    receiver.secret = (await shop.subscribe(receiver.url)).secret
    receiver.failing = True
    await shop.order(30)
    await shop.noted()
    async with sending(shop, wait_after=lambda _: 0.05):
        await until(lambda: receiver.refused > 40)
        receiver.failing = False
        await until(lambda: len(receiver.events) == 30)
        await until_states(shop, {"DELIVERED": 30})
    assert receiver.quantities() == await shop.ordered()


async def until_states(shop: WebhookShop, states: dict[str, int]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while await shop.states() != states:
            await asyncio.sleep(0.01)


async def test_after_the_last_attempt_it_has_failed_and_says_how(shop: WebhookShop, receiver: Receiver) -> None:
    await shop.subscribe(receiver.url)
    receiver.failing = True
    await shop.order(1)
    await shop.noted()
    async with sending(shop, wait_after=lambda attempts: 0.0 if attempts < ATTEMPTS else None):
        await until_states(shop, {"FAILED": 1})
    ((attempts, status, answer, duration),) = await shop.ask(
        "SELECT attempts, answer_status, answer, duration_ms FROM webhook_deliveries"
    )
    assert (attempts, status, answer) == (ATTEMPTS, 503, "closed for a while")
    assert duration >= 0


async def test_what_is_accepted_before_a_subscription_is_not_for_it(shop: WebhookShop, receiver: Receiver) -> None:
    await shop.order(5)
    receiver.secret = (await shop.subscribe(receiver.url)).secret
    await shop.order(3)
    await shop.noted()
    assert await shop.states() == {"WAITING": 3}


async def test_what_kafka_has_twice_is_noted_once(shop: WebhookShop, receiver: Receiver) -> None:
    await shop.subscribe(receiver.url)
    await shop.order(6)
    for place in PLACES:
        if records := shop.log.records(*place):
            await shop.log.publish(*place, records)  # as a relay that was killed before its note
    await shop.noted()
    assert await shop.states() == {"WAITING": 6}


@pytest.mark.parametrize("seed", range(3))
async def test_whoever_notes_and_is_killed_or_overtaken_each_event_is_noted_once(shop: WebhookShop, seed: int) -> None:
    chance = random.Random(seed)
    await shop.subscribe("http://127.0.0.1/", "order.placed")
    placed = 0
    for _ in range(12):
        count = chance.randrange(6)
        await shop.order(count)
        placed += count
        others = [NoteDeliveries(shop.sessions, shop.open_consumer, shop.find_offsets) for _ in range(2)]
        batches = []
        for one in others:
            async with shop.open_consumer(one.start_positions) as consumer:
                batches.append(await consumer.poll(max_records=1 + chance.randrange(9), timeout_s=0))
        for one, slices in zip(others, batches, strict=True):
            if slices and chance.random() < 0.7:  # else killed in between
                try:
                    await one.note(slices)
                except PositionMoved:
                    continue
    await shop.noted()
    assert await shop.states() == ({"WAITING": placed} if placed else {})
    assert dict(await shop.ask("SELECT 'p', sum(next_offset)::bigint FROM webhook_positions")) == {"p": placed}


async def test_a_subscription_that_is_made_while_a_batch_is_noted_misses_nothing(shop: WebhookShop) -> None:
    await shop.subscribe("http://127.0.0.1/first")
    await shop.order(2)
    async with shop.open_consumer(shop.note.start_positions) as consumer:
        slices = await consumer.poll(max_records=100, timeout_s=0)
    async with shop.sessions() as session, session.begin():
        second = await add_subscription(
            session, account_id=shop.accounts[0], url="http://127.0.0.1/second", event_types=["order.placed"]
        )
        noting = asyncio.create_task(shop.note.note(slices))
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        async with asyncio.timeout(WITHIN_S):
            while not (await shop.ask(waiting))[0][0]:
                await asyncio.sleep(0.01)
    await noting
    await shop.order(3)
    await shop.noted()
    of_second = await shop.ask("SELECT count(*) FROM webhook_deliveries WHERE webhook_id = :id", id=second.row.id)
    assert of_second == [(3,)]


async def test_without_a_subscription_positions_are_forgotten_and_nothing_begins_at_the_end(shop: WebhookShop) -> None:
    await shop.subscribe("http://127.0.0.1/")
    await shop.order(2)
    await shop.noted()
    await shop.change("DELETE FROM webhooks")
    assert await shop.note.first_since() is None
    assert await shop.ask("SELECT * FROM webhook_positions") == []
    with pytest.raises(PositionMoved):
        await shop.note.start_positions(PLACES)


async def test_with_an_erased_account_its_webhooks_go_with_secrets_and_deliveries(
    api: RunningApi, admin: Member, sessions: Sessions
) -> None:
    (product,) = await seed_products(sessions, ["1"])
    ann = await api.customer()
    shop = WebhookShop(sessions, [ann.id] * 5, product)
    await shop.subscribe("http://127.0.0.1/")
    await shop.order(2)
    await shop.noted()
    assert await shop.states() == {"WAITING": 2}
    erased = await api.client.post(f"/accounts/{ann.id}/erasure", json={}, headers=admin.headers)
    assert erased.status_code == 200, erased.text
    assert await forget_some(sessions, timedelta(days=30)) == 2
    for table in ("webhooks", "webhook_secrets", "webhook_deliveries"):
        assert await shop.ask(f"SELECT * FROM {table}") == []  # noqa: S608


def test_no_event_of_an_account_is_noted() -> None:
    assert "accounts" not in note_deliveries.TOPICS


class Held:
    """A receiver's other side that answers when it is told to."""

    def __init__(self) -> None:
        self.go, self.urls = asyncio.Event(), list[str]()

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        self.urls.append(url)
        if "slow" in url:
            await self.go.wait()
        return Answer(200, "", 1)


async def test_a_slow_receiver_keeps_no_other_waiting_and_has_a_few_attempts_at_once(shop: WebhookShop) -> None:
    await shop.subscribe("http://127.0.0.1/slow")
    await shop.subscribe("http://127.0.0.1/fast")
    await shop.order(20)
    await shop.noted()
    post, stopping = Held(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(SendDeliveries(shop.sessions, post).run(stopping))
        await until_states(shop, {"WAITING": 20, "DELIVERED": 20})
        assert sum("slow" in url for url in post.urls) == OF_ONE
        post.go.set()
        await until_states(shop, {"DELIVERED": 40})
        stopping.set()
    assert len(post.urls) == 40


async def test_what_was_claimed_by_one_that_is_gone_is_sent_when_its_lease_has_ended(
    shop: WebhookShop, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.secret = (await shop.subscribe(receiver.url)).secret
    await shop.order(3)
    await shop.noted()
    monkeypatch.setattr(send_deliveries, "STOP_S", 0.0)
    lost, stopping = Held(), asyncio.Event()
    await shop.change("UPDATE webhooks SET url = 'http://127.0.0.1/slow'")
    async with asyncio.TaskGroup() as group:
        group.create_task(SendDeliveries(shop.sessions, lost).run(stopping))
        await until(lambda: len(lost.urls) == 3)
        stopping.set()
    left = "SELECT min(extract(epoch FROM next_attempt_at - attempted_at))::int FROM webhook_deliveries"
    assert await shop.ask(left) == [(int(LEASE_S),)]
    await shop.change("UPDATE webhook_deliveries SET next_attempt_at = clock_timestamp()")
    async with shop.sessions() as session, session.begin():
        await session.execute(text("UPDATE webhooks SET url = :url"), {"url": receiver.url})
    async with sending(shop):
        await until_states(shop, {"DELIVERED": 3})
    assert set(receiver.came.values()) == {1}


async def test_what_came_of_an_attempt_whose_lease_had_ended_is_passed_over(shop: WebhookShop) -> None:
    await shop.subscribe("http://127.0.0.1/slow")
    await shop.order(1)
    await shop.noted()
    post = Held()
    late = SendDeliveries(shop.sessions, post)
    assert await late.send_due() == 1
    await until(lambda: len(post.urls) == 1)
    await shop.change("UPDATE webhook_deliveries SET attempts = attempts + 1")  # another one claimed it
    post.go.set()
    await until(lambda: not late._in_flight)
    assert await shop.states() == {"WAITING": 1}


async def test_one_that_pauses_is_noted_and_not_sent(shop: WebhookShop, receiver: Receiver) -> None:
    receiver.secret = (await shop.subscribe(receiver.url)).secret
    await shop.change("UPDATE webhooks SET paused_at = now(), pause_reason = 'ASKED'")
    await shop.order(4)
    await shop.noted()
    async with sending(shop), open_post_delivery(private=True) as post:
        assert await SendDeliveries(shop.sessions, post).send_due() == 0
        await shop.change("UPDATE webhooks SET paused_at = NULL, pause_reason = NULL")
        await until_states(shop, {"DELIVERED": 4})


async def test_one_that_fails_for_long_pauses_until_somebody_lets_it_go_on(
    shop: WebhookShop, receiver: Receiver
) -> None:
    made = await shop.subscribe(receiver.url)
    receiver.secret, receiver.failing = made.secret, True
    await shop.order(3)
    await shop.noted()
    state = "SELECT failing_since IS NOT NULL, pause_reason FROM webhooks"
    async with sending(shop, wait_after=lambda _: 0.05):
        await until(lambda: receiver.refused > 6)
        assert await shop.ask(state) == [(True, None)]
        await shop.change("UPDATE webhooks SET failing_since = failing_since - interval '1 day'")
        async with asyncio.timeout(WITHIN_S):
            while await shop.ask(state) != [(True, "FAILING")]:
                await asyncio.sleep(0.01)
        await measure_webhooks(shop.sessions)
        assert WEBHOOKS_PAUSED.labels("failing")._value.get() == 1
        assert await shop.states() == {"WAITING": 3}
        receiver.failing = False
        await shop.change(f"UPDATE accounts SET role = 'OPERATOR' WHERE id = {shop.accounts[0]}")  # noqa: S608
        caller = Caller(shop.accounts[0], "OPERATOR")
        await change_webhook(shop.sessions, caller, made.row.id, WebhookChange(paused=False), private=True)
        await until_states(shop, {"DELIVERED": 3})
    assert await shop.ask(state) == [(False, None)]
    await measure_webhooks(shop.sessions)
    assert WEBHOOKS_PAUSED.labels("failing")._value.get() == 0


async def test_an_attempt_that_passes_ends_the_time_of_failures(shop: WebhookShop, receiver: Receiver) -> None:
    receiver.secret = (await shop.subscribe(receiver.url)).secret
    receiver.failing = True
    await shop.order(1)
    await shop.noted()
    async with sending(shop, wait_after=lambda _: 0.05):
        await until(lambda: receiver.refused > 1)
        receiver.failing = False
        await until_states(shop, {"DELIVERED": 1})
    assert await shop.ask("SELECT failing_since, paused_at FROM webhooks") == [(None, None)]


async def test_old_deliveries_are_forgotten(shop: WebhookShop) -> None:
    await shop.subscribe("http://127.0.0.1/")
    await shop.order(4)
    await shop.noted()
    await shop.change("UPDATE webhook_deliveries SET created_at = now() - interval '3 days' WHERE id % 2 = 0")
    assert await forget_some(shop.sessions, timedelta(days=2)) == 2
    assert await forget_some(shop.sessions, timedelta(days=2)) == 0
    assert await shop.states() == {"WAITING": 2}


async def test_of_a_deleted_webhook_nothing_is_sent_and_its_deliveries_are_forgotten_in_parts(
    shop: WebhookShop, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forget_deliveries, "CHUNK", 3)
    gone, stays = await shop.subscribe(receiver.url), await shop.subscribe(receiver.url)
    also_gone = await shop.subscribe(receiver.url)
    await shop.order(4)
    await shop.noted()
    await shop.change(f"UPDATE accounts SET role = 'OPERATOR' WHERE id = {shop.accounts[0]}")  # noqa: S608
    for shown in (gone, also_gone):
        await delete_webhook(shop.sessions, Caller(shop.accounts[0], "OPERATOR"), shown.row.id)
    assert await shop.states() == {"WAITING": 12}  # the deletion itself is as quick with millions
    receiver.secret = stays.secret
    async with sending(shop):
        await until(lambda: len(receiver.events) == 4)
    assert set(receiver.came.values()) == {1}
    assert [await forget_some(shop.sessions, timedelta(days=2)) for _ in range(4)] == [3, 3, 2, 0]
    assert await shop.ask("SELECT DISTINCT webhook_id FROM webhook_deliveries") == [(stays.row.id,)]


async def test_secrets_whose_time_is_over_are_forgotten(shop: WebhookShop) -> None:
    made = await shop.subscribe("http://127.0.0.1/")
    await shop.change(
        "INSERT INTO webhook_secrets (webhook_id, secret, good_until) SELECT webhook_id, 'a', now() FROM webhook_secrets"
    )
    await shop.change(
        "INSERT INTO webhook_secrets (webhook_id, secret, good_until)"
        " SELECT id, 'b', now() + interval '1 hour' FROM webhooks"
    )
    await forget_secrets(shop.sessions)
    left = await shop.ask("SELECT secret, good_until IS NULL FROM webhook_secrets ORDER BY id")
    assert left == [(base64.b64decode(made.secret.removeprefix("whsec_")), True), (b"b", False)]


async def test_errors_end_neither_loop(shop: WebhookShop, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keep_going, "RETRY_S", 0.01)
    monkeypatch.setattr(note_deliveries, "LOOK_S", 0.01)
    receiver.secret = (await shop.subscribe(receiver.url)).secret
    failures = iter([OSError("away"), KeyError("a bug")])

    @asynccontextmanager
    async def broken_at_first(read_positions: ReadPositions) -> AsyncIterator[MemoryConsumer]:
        if failure := next(failures, None):
            raise failure
        async with shop.open_consumer(read_positions) as consumer:
            yield consumer

    stopping = asyncio.Event()
    await shop.order(5)
    async with sending(shop), asyncio.TaskGroup() as group:
        group.create_task(NoteDeliveries(shop.sessions, broken_at_first, shop.find_offsets).run(stopping))
        await until(lambda: len(receiver.events) == 5)
        stopping.set()
