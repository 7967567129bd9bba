"""/webhooks over HTTP: made, shown without the secret, changed, rotated, looked into, replayed, deleted."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql

from ordercast.services.order_api.webhooks import manage_webhooks, read_deliveries
from ordercast.services.order_api.webhooks.forget_deliveries import forget_some
from ordercast.services.order_api.webhooks.post_delivery import open_post_delivery
from ordercast.services.order_api.webhooks.read_deliveries import Span, listed, spanned
from ordercast.services.order_api.webhooks.send_deliveries import SendDeliveries
from tests.support.order_api import Member, RunningApi, TokenKeys, running_order_api
from tests.support.webhook_receiver import Receiver, receiving

URL: Final = "https://shop.example/hook?token=abc"
WITHIN_S: Final = 60.0
SEND: Final = """
    INSERT INTO webhook_deliveries (webhook_id, message_id, event_type, body)
    SELECT :webhook, 'orders:0:outbox:' || n, 'order.placed', '{"type": "ordercast.order.placed.v1", "data": {}}'
    FROM generate_series(1, CAST(:count AS bigint)) AS n
"""


@pytest.fixture
async def operator(api: RunningApi) -> Member:
    return await api.member("OPERATOR")


async def ask(api: RunningApi, member: Member, method: str, path: str, **body: Any) -> Any:
    answer = await api.client.request(method, path, json=body or None, headers=member.headers)
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


async def made(api: RunningApi, member: Member, url: str = URL, *types: str) -> Any:
    return await ask(api, member, "POST", "/webhooks", url=url, event_types=list(types or ("order.placed",)))


async def change(api: RunningApi, statement: str, **values: Any) -> None:
    async with api.service.sessions() as session, session.begin():
        await session.execute(text(statement), values)


async def rows(api: RunningApi, query: str) -> list[Any]:
    async with api.service.sessions() as session:
        return list((await session.execute(text(query))).all())


async def test_the_secret_is_shown_once_and_told_to_no_log(api: RunningApi, operator: Member, admin: Member) -> None:
    webhook = await made(api, operator, URL, "order.placed", "order.cancelled")
    assert webhook["secret"].startswith("whsec_")
    assert webhook["event_types"] == ["order.cancelled", "order.placed"]
    shown = await ask(api, admin, "GET", f"/webhooks/{webhook['id']}")
    assert shown == {name: value for name, value in webhook.items() if name != "secret"}
    assert (await ask(api, admin, "GET", "/webhooks"))["data"] == [shown]

    line = (await api.client.get("/audit", params={"kind": "webhook-made"}, headers=admin.headers)).json()["data"][0]
    assert (line["account_id"], line["subject"]) == (operator.id, f"webhooks/{webhook['id']}")
    assert line["details"] == {"host": "shop.example", "event_types": ["order.cancelled", "order.placed"]}


@pytest.mark.parametrize(
    ("url", "status", "type_"),
    [
        ("http://shop.example/", 422, "/problems/webhook-url-refused"),
        ("https://169.254.169.254/latest", 422, "/problems/webhook-url-refused"),
        ("https://shop.example/" + "x" * 2_000, 422, "/problems/invalid-request"),
    ],
)
async def test_urls_that_nothing_is_sent_to_are_refused(
    api: RunningApi, operator: Member, url: str, status: int, type_: str
) -> None:
    webhook = await made(api, operator)
    for method, path, body in (
        ("POST", "/webhooks", {"url": url, "event_types": ["order.placed"]}),
        ("PATCH", f"/webhooks/{webhook['id']}", {"url": url}),
    ):
        answer = await api.client.request(method, path, json=body, headers=operator.headers)
        assert (answer.status_code, answer.json()["type"]) == (status, type_), answer.text


async def test_unknown_event_types_and_empty_changes_are_refused(api: RunningApi, operator: Member) -> None:
    webhook = await made(api, operator)
    path = f"/webhooks/{webhook['id']}"
    for method, where, body in (
        ("POST", "/webhooks", {"url": URL, "event_types": ["order.eaten"]}),
        ("POST", "/webhooks", {"url": URL, "event_types": ["account.created"]}),  # holds names of persons
        ("POST", "/webhooks", {"url": URL, "event_types": []}),
        ("PATCH", path, {}),
        ("PATCH", path, {"paused": None}),
        ("POST", f"{path}/replay", {}),
        ("POST", f"{path}/replay", {"delivery_id": 1, "state": "FAILED"}),
    ):
        answer = await api.client.request(method, where, json=body, headers=operator.headers)
        assert answer.status_code == 422, (body, answer.text)


async def test_it_is_paused_resumed_and_changed_and_each_is_told(
    api: RunningApi, operator: Member, admin: Member
) -> None:
    path = f"/webhooks/{(await made(api, operator))['id']}"
    paused = await ask(api, operator, "PATCH", path, paused=True)
    assert paused["paused_at"] is not None
    assert await ask(api, operator, "PATCH", path, paused=True) == paused
    other = await ask(
        api, admin, "PATCH", path, paused=False, url="https://other.example/", event_types=["order.cancelled"]
    )
    assert (other["paused_at"], other["url"], other["event_types"]) == (
        None,
        "https://other.example/",
        ["order.cancelled"],
    )
    lines = (await api.client.get("/audit", params={"kind": "webhook-changed"}, headers=admin.headers)).json()["data"]
    assert [line["details"] for line in lines] == [
        {
            "paused": False,
            "host": "other.example",
            "account_id": admin.id,
            "event_types": ["order.cancelled"],
        },
        {"paused": True},
    ]


async def test_an_old_secret_signs_on_until_its_time_or_the_next_rotation(api: RunningApi, operator: Member) -> None:
    webhook = await made(api, operator)
    path, good = f"/webhooks/{webhook['id']}/secret", "SELECT good_until IS NULL FROM webhook_secrets ORDER BY id"
    second = await ask(api, operator, "POST", path)
    assert second["secret"] != webhook["secret"]
    assert await rows(api, good) == [(False,), (True,)]
    ((left,),) = await rows(
        api,
        "SELECT round(extract(epoch FROM good_until - now()) / 3600)::int FROM webhook_secrets WHERE good_until > now()",
    )
    assert left == 24
    await ask(api, operator, "POST", path, overlap_s=60)
    assert await rows(api, good) == [(False,), (True,)]
    await ask(api, operator, "POST", path, overlap_s=0)
    assert await rows(api, good) == [(True,)]


async def test_deleted_it_takes_its_secrets_along_and_what_is_left_is_forgotten(
    api: RunningApi, operator: Member
) -> None:
    webhook = await made(api, operator)
    await change(api, SEND, webhook=webhook["id"], count=3)
    await ask(api, operator, "DELETE", f"/webhooks/{webhook['id']}")
    assert await rows(api, "SELECT 1 FROM webhook_secrets") == []
    assert await forget_some(api.service.sessions, timedelta(days=30)) == 3
    for method, path, body in (
        ("GET", "", None),
        ("PATCH", "", {"paused": True}),
        ("DELETE", "", None),
        ("POST", "/secret", None),
        ("GET", "/deliveries", None),
        ("POST", "/replay", {"since": "2026-01-01T00:00:00Z"}),
    ):
        url = f"/webhooks/{webhook['id']}{path}"
        answer = await api.client.request(method, url, json=body, headers=operator.headers)
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/webhook-not-found"), (method, path)


async def test_there_are_so_many_at_once(api: RunningApi, operator: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manage_webhooks, "MAX_WEBHOOKS", 3)
    body = {"url": URL, "event_types": ["order.placed"]}
    answers = await asyncio.gather(
        *(api.client.post("/webhooks", json=body, headers=operator.headers) for _ in range(5))
    )
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 2


async def test_deliveries_are_paged_by_state_and_replayed_one_or_a_span(
    api: RunningApi, operator: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook, other = await made(api, operator), await made(api, operator)
    path = f"/webhooks/{webhook['id']}"
    await change(api, SEND, webhook=webhook["id"], count=7)
    await change(api, SEND, webhook=other["id"], count=1)  # the last one of all
    await change(
        api,
        "UPDATE webhook_deliveries SET state = CASE WHEN id % 2 = 0 THEN 'FAILED' ELSE 'DELIVERED' END,"
        " next_attempt_at = NULL, attempts = 11, answer_status = 500, answer = 'no', duration_ms = 3",
    )
    first = await ask(api, operator, "GET", f"{path}/deliveries?limit=4")
    second = await ask(api, operator, "GET", f"{path}/deliveries?limit=4&starting_after={first['data'][-1]['id']}")
    ids = [row["id"] for page in (first, second) for row in page["data"]]
    assert (len(ids), ids, second["has_more"]) == (7, sorted(ids, reverse=True), False)
    failed = (await ask(api, operator, "GET", f"{path}/deliveries?state=FAILED"))["data"]
    assert {(row["state"], row["answer_status"], row["answer"]) for row in failed} == {("FAILED", 500, "no")}

    one = await ask(api, operator, "POST", f"{path}/replay", delivery_id=ids[0])
    assert one == {"replayed": 1, "last_id": ids[0], "has_more": False}
    due = "SELECT id FROM webhook_deliveries WHERE state = 'WAITING' AND next_attempt_at <= now() AND attempts = 0 ORDER BY id"
    assert await rows(api, due) == [(ids[0],)]
    ((of_other,),) = await rows(api, "SELECT max(id) FROM webhook_deliveries")
    assert of_other not in ids
    answer = await api.client.post(f"{path}/replay", json={"delivery_id": of_other}, headers=operator.headers)
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/delivery-not-found")

    monkeypatch.setattr(read_deliveries, "MAX_REPLAYED", 2)
    span: dict[str, Any] = {"since": "2020-01-01T00:00:00Z", "state": "DELIVERED"}
    replayed, more = 0, True
    while more:
        part = await ask(api, operator, "POST", f"{path}/replay", **span)
        replayed, more = replayed + part["replayed"], part["has_more"]
        span["starting_after"] = part["last_id"]
    waiting = {row[0] for row in await rows(api, due)}
    assert waiting == {ids[0]} | {number for number in ids if number % 2}
    assert replayed == len([number for number in ids[1:] if number % 2])
    nothing = await ask(api, operator, "POST", f"{path}/replay", since="2999-01-01T00:00:00Z")
    assert nothing == {"replayed": 0, "last_id": None, "has_more": False}


async def test_a_span_is_replayed_by_the_time_each_was_noted_and_each_once(
    api: RunningApi, operator: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_deliveries, "MAX_REPLAYED", 2)
    path = f"/webhooks/{(await made(api, operator))['id']}"
    await change(api, SEND, webhook=int(path.split("/")[-1]), count=7)
    # Two partitions whose deliveries were noted at once: the smaller ids are the later ones, and some are of the same time.
    await change(api, "UPDATE webhook_deliveries SET created_at = now() - id / 2 * interval '1 minute'")
    noted = [row[0] for row in await rows(api, "SELECT id FROM webhook_deliveries ORDER BY created_at, id")]
    span: dict[str, Any] = {"since": "2020-01-01T00:00:00Z"}
    last: list[int] = []
    for _ in range(4):
        part = await ask(api, operator, "POST", f"{path}/replay", **span)
        span["starting_after"] = part["last_id"]
        last.append(part["last_id"])
    assert (last, part["replayed"], part["has_more"]) == ([*noted[1::2], noted[-1]], 1, False)
    gone = await ask(api, operator, "POST", f"{path}/replay", since=span["since"], starting_after=max(noted) + 1)
    assert gone["replayed"] == 0


async def test_what_failed_and_where_a_span_begins_is_found_by_an_index_among_many(
    api: RunningApi, operator: Member
) -> None:
    webhook_id = int((await made(api, operator))["id"])
    await change(api, SEND, webhook=webhook_id, count=10_000)
    await change(
        api,
        "UPDATE webhook_deliveries SET webhook_id = webhook_id + id % 20, next_attempt_at = NULL,"
        " created_at = now() - id * interval '1 minute',"
        " state = CASE WHEN id % 500 = 0 THEN 'FAILED' ELSE 'DELIVERED' END",
    )
    await change(api, "ANALYZE webhook_deliveries")
    span = spanned(webhook_id, Span(since=datetime.now(UTC) - timedelta(hours=9))).limit(5_001)
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    for query, index in ((listed(webhook_id, "FAILED").limit(101), "failed"), (span, "noted")):
        written = query.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
        plan = "\n".join(row[0] for row in await rows(api, f"EXPLAIN {written}".replace(":", "\\:")))
        assert f"ix_webhook_deliveries_{index}" in plan


@pytest.fixture
async def private_api(database_url: str, token_keys: TokenKeys) -> AsyncIterator[RunningApi]:
    async with running_order_api(database_url, token_keys, webhook_private_addresses=True) as running:
        yield running


async def test_while_secrets_overlap_a_receiver_checks_with_either(private_api: RunningApi) -> None:
    api, member = private_api, await private_api.member("OPERATOR")
    async with receiving() as receiver:
        webhook = await made(api, member, receiver.url)
        newer = await ask(api, member, "POST", f"/webhooks/{webhook['id']}/secret")
        await change(api, SEND, webhook=webhook["id"], count=1)
        for secret in (webhook["secret"], newer["secret"]):
            receiver.secret = secret
            await sent(api, receiver)
            await ask(api, member, "POST", f"/webhooks/{webhook['id']}/replay", since="2020-01-01T00:00:00Z")
    assert list(receiver.came.values()) == [2]


async def sent(api: RunningApi, receiver: Receiver) -> None:
    """Sends what is due, until all of it has arrived."""
    stopping = asyncio.Event()
    waiting = "SELECT count(*) FROM webhook_deliveries WHERE state <> 'DELIVERED'"
    async with open_post_delivery(private=True) as post, asyncio.TaskGroup() as group, asyncio.timeout(WITHIN_S):
        group.create_task(SendDeliveries(api.service.sessions, post).run(stopping))
        while await rows(api, waiting) != [(0,)]:
            await asyncio.sleep(0.01)
        stopping.set()
