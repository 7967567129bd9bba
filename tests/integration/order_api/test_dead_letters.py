"""Dead letters over HTTP on a real broker: looked into, sent again as they were or edited, discarded."""

import json
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from ordercast.contracts.envelope import Envelope, SequenceNumber, encode
from ordercast.contracts.events import OrderItem, OrderPlaced, ProductViewed
from ordercast.contracts.limits import MAX_BODY_BYTES
from ordercast.services.order_api.dead_letters.repair import RepairDeadLetters
from ordercast.services.shared.audit.tables import AuditLine
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.http.caller import Caller
from ordercast.services.shared.kafka.memory import MemoryLog
from ordercast.services.shared.kafka.open_consumer import open_reader
from ordercast.services.shared.kafka.publish_dead_letters import publish_dead_letters
from ordercast.services.shared.kafka.publisher import open_publisher
from ordercast.services.shared.kafka.records import Partition, Record
from tests.support.feature_tables import SqlTable
from tests.support.fresh_topics import FreshTopics
from tests.support.order_api import Member, RunningApi

NOW: Final = datetime(2026, 7, 1, tzinfo=UTC)
ACCOUNT: Final = 8  # of partition 0
REPLAYED: Final = {"reason": "it was replayed already", "because": {"code": "letter-replayed", "values": {}}}


@dataclass(frozen=True)
class Letters:
    """The API, and a worker that applies what lies in partition 0 of orders and views when it is told to."""

    api: RunningApi
    topics: FreshTopics
    table: SqlTable

    async def publish(self, topic: str, *records: Record) -> None:
        async with open_publisher(self.topics.bootstrap, client_id="test") as publisher:
            await publisher.publish(topic, 0, records)

    async def apply(self) -> None:
        places = [Partition(topic, 0) for topic in ("orders", "views")]
        async with open_reader(self.topics.bootstrap, places, read_positions=self.table.place) as reader:
            while slices := await reader.poll(max_records=100, timeout_s=1):
                await self.table.record(slices)
        refused, self.table.dead_letters.by_id = list(self.table.dead_letters.by_id.values()), {}
        async with open_publisher(self.topics.bootstrap, client_id="test") as publisher:
            await publish_dead_letters(publisher, refused)

    async def ask(self, member: Member, path: str = "", **params: Any) -> Any:
        answer = await self.api.client.get(f"/dead-letters{path}", params=params, headers=member.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def act(self, member: Member, path: str, body: Mapping[str, Any], status: int = 200) -> Any:
        answer = await self.api.client.post(f"/dead-letters{path}", json=body, headers=member.headers)
        assert answer.status_code == status, answer.text
        return answer.json()


@pytest.fixture
async def letters(kafka_api: RunningApi, fresh_topics: FreshTopics, sessions: Sessions) -> Letters:
    return Letters(kafka_api, fresh_topics, SqlTable(sessions, fresh_topics.partitions))


def viewed(number: int, account_id: int = ACCOUNT, **changes: Any) -> Record:
    """A view; `changes` are made in its body."""
    envelope = Envelope(uuid4(), "/test", NOW, ProductViewed(account_id, 7, 1, NOW), SequenceNumber("till", number))
    headers, body = encode(envelope)
    changed = {name: value for name, value in (json.loads(body) | changes).items() if value is not None}
    return Record(str(account_id).encode(), json.dumps(changed).encode(), list(headers), 1_780_000_000_000 + number)


def numberless() -> Record:
    """Refused for that, and taken with the number that a replay gives it."""
    bare = viewed(1)
    return Record(bare.key, bare.value, [head for head in bare.headers if head[0] != "ce_producer"], bare.timestamp_ms)


def ordered(quantity: int) -> Record:
    items = [OrderItem(1, 7, quantity, Decimal("1.5000"))]
    event = OrderPlaced(UUID(int=5), ACCOUNT, "PENDING", "EUR", Decimal("3.00"), items, NOW)
    headers, body = encode(Envelope(UUID(int=5), "/test", NOW, event, SequenceNumber("outbox", 1)))
    return Record(str(ACCOUNT).encode(), body.replace(b'"quantity":2', b'"quantity":"two"'), list(headers), 1)


async def test_one_tells_how_it_differs_from_the_contract_by_field_and_counts_once_edited(letters: Letters) -> None:
    operator = await letters.api.member("OPERATOR")
    await letters.publish("orders", ordered(2))
    await letters.apply()
    [row] = (await letters.ask(operator))["data"]
    assert (row["id"], row["state"], row["type"]) == ("orders:0:0", "waiting", "ordercast.order.placed.v1")
    whole = await letters.ask(operator, "/orders:0:0")
    assert "MalformedEvent" in whole["check"]["refusal"]
    assert [error["field"] for error in whole["check"]["errors"]] == ["body.items[0].quantity"]
    assert whole["contract"]["properties"]["items"]
    path = "/orders:0:0/replay"
    refused = await letters.act(operator, path, {}, 409)
    assert refused["type"] == "/problems/refused-again"
    assert [error["field"] for error in refused["errors"]] == ["body.items[0].quantity"]
    body = whole["body"].replace('"two"', "2")
    tried = await letters.act(operator, path, {"body": body, "dry_run": True})
    assert tried == {"refusal": None, "errors": [], "sent": False}
    await letters.apply()
    assert await letters.table.rows() == {}
    for _ in range(2):
        sent = await letters.api.client.post(f"/dead-letters{path}", json={"body": body}, headers=operator.headers)
        await letters.apply()
    assert sent.json()["detail"].endswith("it was replayed already")
    assert (await letters.table.rows())[ACCOUNT, 7]["total_quantity"] == 2


async def test_many_are_replayed_as_they_were_and_what_would_be_refused_again_is_left(letters: Letters) -> None:
    operator = await letters.api.member("OPERATOR")
    # And with a count that is none.
    await letters.publish("views", numberless(), viewed(2, count="many"))
    await letters.apply()
    ids = ["views:0:0", "views:0:1"]
    tried = await letters.act(operator, "/replay", {"ids": ids, "dry_run": True})
    done = await letters.act(operator, "/replay", {"ids": ids})
    assert tried == done
    assert (done["done"], [left["id"] for left in done["left"]]) == (ids[:1], ids[1:])
    assert "MalformedEvent" in done["left"][0]["reason"]
    await letters.apply()
    assert (await letters.table.rows())[ACCOUNT, 7]["view_count"] == 1
    again = await letters.act(operator, "/replay", {"ids": ids[:1]})
    assert again == {"done": [], "left": [{"id": ids[0], **REPLAYED}]}


async def test_what_is_discarded_never_counts_and_each_act_has_its_line(letters: Letters, sessions: Sessions) -> None:
    operator = await letters.api.member("OPERATOR")
    await letters.publish("views", *(viewed(number, count="many") for number in (1, 2)))
    await letters.apply()
    body = json.loads((await letters.ask(operator, "/views:0:0"))["body"]) | {"count": 3}
    await letters.act(operator, "/views:0:0/replay", {"body": json.dumps(body)})
    await letters.apply()
    both = {"ids": ["views:0:0", "views:0:1"]}
    would = await letters.act(operator, "/discard", {**both, "dry_run": True})
    discarded = await letters.act(operator, "/discard", both)
    assert would == discarded
    assert discarded["done"] == ["views:0:1"]
    assert discarded["left"] == [{"id": "views:0:0", **REPLAYED}]
    refused = await letters.act(operator, "/views:0:1/replay", {"body": json.dumps(body)}, 409)
    assert refused["type"] == "/problems/dead-letter-not-waiting"
    states = {row["id"]: row["state"] for row in (await letters.ask(operator))["data"]}
    assert states == {"views:0:0": "replayed", "views:0:1": "discarded"}
    assert (await letters.ask(operator, state="waiting"))["data"] == []
    async with sessions() as session:
        lines = (await session.scalars(select(AuditLine).where(AuditLine.kind.startswith("dead-letter")))).all()
    assert [(line.kind, line.subject, line.account_id) for line in lines] == [
        ("dead-letter-replayed", "dead-letters/views:0:0", operator.id),
        ("dead-letter-discarded", "dead-letters/views:0:1", operator.id),
    ]
    assert lines[0].details == {"type": "ordercast.product.viewed.v1", "edited_parts": ["body"]}


async def test_the_line_of_a_replay_is_there_before_it_is_sent(letters: Letters, sessions: Sessions) -> None:
    operator = await letters.api.member("OPERATOR")
    await letters.publish("views", numberless())
    await letters.apply()
    told: list[str | None] = []

    class Looking(MemoryLog):
        async def publish(self, topic: str, partition: int, records: Sequence[Record]) -> None:
            async with sessions() as session:
                told.extend(await session.scalars(select(AuditLine.subject).where(AuditLine.kind.like("dead-letter%"))))
            await super().publish(topic, partition, records)

    service = letters.api.service
    repair = RepairDeadLetters(
        sessions, service.read_dead_letters, lambda: nullcontext(Looking()), partitions=letters.topics.partitions
    )
    by = Caller(operator.id, "OPERATOR", version=0)
    assert (await repair.replay(by, ["views:0:0"], dry_run=False)).done == ["views:0:0"]
    assert told == ["dead-letters/views:0:0"]


async def test_the_list_goes_on_page_by_page_the_newest_first(letters: Letters) -> None:
    operator = await letters.api.member("OPERATOR")
    await letters.publish("views", *(viewed(number, count="many") for number in range(1, 8)))
    await letters.apply()
    seen: list[str] = []
    while True:
        page = await letters.ask(operator, limit=3, **({"starting_after": seen[-1]} if seen else {}))
        seen += [row["id"] for row in page["data"]]
        if not page["has_more"]:
            break
    assert seen == [f"views:0:{offset}" for offset in reversed(range(7))]


async def test_what_is_not_there_is_said_and_neither_customers_nor_shops_may_look(letters: Letters) -> None:
    operator = await letters.api.member("OPERATOR")
    gone = await letters.act(operator, "/discard", {"ids": ["views:0:99"]}, 404)
    assert gone["type"] == "/problems/dead-letter-not-found"
    params = {"starting_after": "views:0:99"}
    after = await letters.api.client.get("/dead-letters", params=params, headers=operator.headers)
    assert (after.status_code, after.json()["type"]) == (404, "/problems/dead-letter-not-found")
    for member in (await letters.api.customer(), await letters.api.member("SERVICE")):
        answer = await letters.api.client.get("/dead-letters", headers=member.headers)
        assert answer.status_code == 403


async def test_without_kafka_it_says_so(api: RunningApi) -> None:
    operator = await api.member("OPERATOR")
    answer = await api.client.get("/dead-letters", headers=operator.headers)
    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/kafka-unavailable"


async def test_a_record_that_was_cut_is_sent_once_it_is_written_whole(letters: Letters) -> None:
    operator = await letters.api.member("OPERATOR")
    good = viewed(1)
    too_large = Record(good.key, (good.value or b"") + b" " * MAX_BODY_BYTES, good.headers, good.timestamp_ms)
    await letters.publish("views", too_large)
    await letters.apply()
    whole = await letters.ask(operator, "/views:0:0")
    assert whole["is_cut"]
    path, body = "/views:0:0/replay", (good.value or b"").decode()
    refused = await letters.act(operator, path, {"body": body}, 409)
    assert refused["type"] == "/problems/dead-letter-not-waiting"
    await letters.act(operator, path, {"body": body, "headers": whole["headers"]})
    await letters.apply()
    assert (await letters.table.rows())[ACCOUNT, 7]["view_count"] == 1
