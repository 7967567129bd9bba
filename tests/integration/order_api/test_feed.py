"""GET /events on a real broker: cut off and resumed, far behind, refused, ended."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
import pytest
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.structs import TopicPartition

from ordercast.client.event_answers import ServerEvent
from ordercast.client.events import read_events, read_lines
from ordercast.contracts.envelope import Envelope, SequenceNumber, encode
from ordercast.contracts.events import OrderItem, OrderPlaced, ProductViewed
from ordercast.services.order_api.app import order_api_app
from ordercast.services.shared.kafka.publisher import open_publisher
from ordercast.services.shared.kafka.records import Record
from tests.support.fresh_topics import FreshTopics
from tests.support.on_a_port import on_a_port
from tests.support.order_api import Member, RunningApi, TokenKeys, order_api_settings
from tests.support.service_process import service_process

WITHIN_S: Final = 60.0
NOW: Final = datetime(2026, 7, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Feed:
    """A server with the feed, and the topics that it reads."""

    client: httpx.AsyncClient
    topics: FreshTopics
    api: RunningApi

    @asynccontextmanager
    async def opened(self, member: Member, last_id: str | None = None, **params: str) -> AsyncIterator[Any]:
        headers = member.headers | ({"Last-Event-ID": last_id} if last_id else {})
        async with self.client.stream("GET", "/events", params=params, headers=headers) as answer:
            assert answer.status_code == 200, await answer.aread()
            assert answer.headers["content-type"].startswith("text/event-stream")
            yield (event async for event in read_events(read_lines(answer.aiter_bytes())) if event.data)

    async def read(self, member: Member, count: int, last_id: str | None = None, **params: str) -> list[ServerEvent]:
        found: list[ServerEvent] = []
        async with asyncio.timeout(WITHIN_S), self.opened(member, last_id, **params) as events:
            async for event in events:
                found.append(event)
                if len(found) == count:
                    break
        return found

    async def publish(self, numbers: Sequence[int], *, kind: str = "orders") -> list[UUID]:
        """An event for each number, of the account with it."""
        by_partition: dict[int, list[Record]] = {}
        ids: list[UUID] = []
        for number in numbers:
            order = uuid4()
            items = [OrderItem(1, 7, 2, Decimal("1.5000"))]
            event: Any = OrderPlaced(order, number, "PENDING", "EUR", Decimal("3.00"), items, NOW)
            if kind == "views":
                event = ProductViewed(number, 7, 1, NOW)
            headers, body = encode(Envelope(order, "/test", NOW, event, SequenceNumber("test", number)))
            record = Record(str(number).encode(), body, headers, int(time.time() * 1000))
            by_partition.setdefault(number % self.topics.partitions, []).append(record)
            ids.append(order)
        async with open_publisher(self.topics.bootstrap, client_id="test") as publisher:
            await asyncio.gather(*(publisher.publish(kind, *batch) for batch in by_partition.items()))
        return ids


@pytest.fixture
async def feed(
    kafka_api: RunningApi, database_url: str, token_keys: TokenKeys, fresh_topics: FreshTopics
) -> AsyncIterator[Feed]:
    settings = order_api_settings(
        database_url,
        token_keys,
        kafka_bootstrap=fresh_topics.bootstrap,
        partitions=fresh_topics.partitions,
        account_event_streams=2,
    )
    async with (
        on_a_port(order_api_app(settings)) as address,
        httpx.AsyncClient(base_url=address, trust_env=False, timeout=WITHIN_S) as client,
    ):
        yield Feed(client, fresh_topics, kafka_api)


def ids(events: Sequence[ServerEvent]) -> list[str]:
    return [json.loads(event.data)["id"] for event in events]


async def test_it_is_cut_off_again_and_again_while_events_come_and_nothing_is_lost_or_comes_twice(feed: Feed) -> None:
    operator, seen, last_id = await feed.api.member("OPERATOR"), list[str](), None
    published = list(map(str, await feed.publish(range(100))))
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    for cut in range(10):
        found = await feed.read(operator, 25, last_id, types="order.placed,product.viewed", since=since)
        seen += ids(found)
        last_id = found[-1].id
        published += map(str, await feed.publish(range(cut, cut + 30), kind="views" if cut % 2 else "orders"))
    rest = await feed.read(operator, len(published) - len(seen), last_id, types="order.placed,product.viewed")
    assert sorted(seen + ids(rest)) == sorted(published)


async def test_ten_thousand_events_behind_are_caught_up_with_in_seconds(feed: Feed) -> None:
    operator = await feed.api.member("OPERATOR")
    published: list[UUID] = []
    for begin in range(0, 10_000, 1_000):
        published += await feed.publish(range(begin, begin + 1_000))
    began = time.monotonic()
    found = await feed.read(operator, 10_000, types="order.placed", since="1970-01-01T00:00:00Z")
    took = time.monotonic() - began
    assert sorted(ids(found)) == sorted(map(str, published))
    assert took < 30, took  # a second by itself; a machine that does other things too takes longer


async def test_an_event_that_comes_is_told_at_once(feed: Feed) -> None:
    operator = await feed.api.member("OPERATOR")
    async with asyncio.timeout(WITHIN_S), feed.opened(operator, types="order.placed") as events:
        (id_,) = await feed.publish([1])
        event = await anext(events)
    assert (event.name, ids([event])) == ("order.placed", [str(id_)])


@pytest.mark.parametrize(
    ("params", "last_id", "status", "kind"),
    [
        ({"types": "order.lost"}, None, 400, "unknown-event-type"),
        ({"types": "order.placed"}, "17", 400, "invalid-event-id"),
        ({"types": "order.placed"}, "orders:1,1", 400, "invalid-event-id"),
        ({"types": "order.placed"}, "views:1,1,1,1", 400, "invalid-event-id"),
        ({"since": "yesterday"}, None, 422, "invalid-request"),
    ],
)
async def test_what_cannot_be_read_is_refused(
    feed: Feed, params: dict[str, str], last_id: str | None, status: int, kind: str
) -> None:
    operator = await feed.api.member("OPERATOR")
    headers = operator.headers | ({"Last-Event-ID": last_id} if last_id else {})
    answer = await feed.client.get("/events", params=params, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{kind}"), answer.text
    assert answer.json().get("detail") or answer.json()["errors"]


async def test_an_id_older_than_what_kafka_still_has_is_gone(feed: Feed) -> None:
    operator = await feed.api.member("OPERATOR")
    partitions = feed.topics.partitions
    await feed.publish([partitions] * 3)  # partition 0
    first = (await feed.read(operator, 1, types="order.placed", since="1970-01-01T00:00:00Z"))[0].id
    admin = AIOKafkaAdminClient(bootstrap_servers=feed.topics.bootstrap)
    await admin.start()
    await admin.delete_records({TopicPartition("orders", 0): RecordsToDelete(before_offset=2)})
    await admin.close()
    answer = await feed.client.get(
        "/events", params={"types": "order.placed"}, headers=operator.headers | {"Last-Event-ID": str(first)}
    )
    assert (answer.status_code, answer.json()["type"]) == (410, "/problems/events-gone"), answer.text


async def test_a_key_needs_the_scope_and_its_revocation_ends_the_stream(feed: Feed) -> None:
    admin, customer = await feed.api.admin(), await feed.api.customer()
    assert (await feed.client.get("/events", headers=customer.headers)).status_code == 403
    keys = {}
    for scope in ("orders:read", "events:read"):
        answer = await feed.client.post("/api-keys", json={"name": scope, "scopes": [scope]}, headers=admin.headers)
        keys[scope] = answer.json()
    wrong, right = (
        Member(admin.id, "", "", {"Authorization": f"Bearer {keys[scope]['key']}"})
        for scope in ("orders:read", "events:read")
    )
    assert (await feed.client.get("/events", headers=wrong.headers)).status_code == 403
    async with asyncio.timeout(WITHIN_S), feed.opened(right) as events:
        await feed.client.delete(f"/api-keys/{keys['events:read']['id']}", headers=admin.headers)
        assert [event async for event in events] == []


async def test_an_account_has_its_streams_and_no_more(feed: Feed) -> None:
    operator = await feed.api.member("OPERATOR")
    async with feed.opened(operator), feed.opened(operator):
        answer = await feed.client.get("/events", headers=operator.headers)
        assert (answer.status_code, answer.json()["type"]) == (429, "/problems/too-many-event-streams")
        assert answer.headers["Retry-After"] == "5"
    async with asyncio.timeout(WITHIN_S):
        while (await _status(feed, operator)) == 429:  # the server hears of an end a moment later
            await asyncio.sleep(0.05)


async def _status(feed: Feed, member: Member) -> int:
    async with feed.client.stream("GET", "/events", headers=member.headers) as answer:
        return answer.status_code


async def test_a_process_that_stops_ends_its_streams_and_another_one_goes_on(
    feed: Feed, database_url: str, token_keys: TokenKeys, tmp_path: Path
) -> None:
    operator = await feed.api.member("OPERATOR")
    settings = order_api_settings(
        database_url, token_keys, kafka_bootstrap=feed.topics.bootstrap, partitions=feed.topics.partitions
    )
    first = list(map(str, await feed.publish(range(5))))
    with service_process("order_api", settings, tmp_path / "log") as service:
        async with httpx.AsyncClient(base_url=await service.address(), trust_env=False, timeout=WITHIN_S) as client:
            other = Feed(client, feed.topics, feed.api)
            async with other.opened(operator, types="order.placed", since="1970-01-01T00:00:00Z") as events:
                seen = [await anext(events) for _ in range(3)]
                stopping = asyncio.create_task(service.stopped(WITHIN_S))
                seen += [event async for event in events]
                assert await stopping == 0
        assert "Traceback" not in service.log.read_text()
    later = list(map(str, await feed.publish(range(5))))
    rest = await feed.read(operator, 10 - len(seen), seen[-1].id, types="order.placed")
    assert sorted(ids([*seen, *rest])) == sorted(first + later)


async def test_a_broker_that_is_away_is_an_answer(database_url: str, token_keys: TokenKeys, api: RunningApi) -> None:
    operator = await api.member("OPERATOR")
    answer = await api.client.get("/events", headers=operator.headers)
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/kafka-unavailable")
