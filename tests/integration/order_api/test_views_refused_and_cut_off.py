"""Views on a real broker that takes some and not others: only the bad ones are refused, and an answer says what counts."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from ordercast.services.order_api.views import send_views
from ordercast.services.shared.kafka.errors import BrokerUnavailable
from ordercast.services.shared.kafka.publisher import KafkaPublisher
from ordercast.services.shared.kafka.records import Record
from tests.support.alter_topic import AN_HOUR_AHEAD, alter_topic
from tests.support.flow import count_all
from tests.support.fresh_topics import FreshTopics
from tests.support.order_api import Member, RunningApi

# A view with so many is sent with a timestamp two hours ahead, which the topic of these tests does not take.
REFUSED_COUNT = 13


@pytest.fixture
def api(kafka_api: RunningApi) -> RunningApi:
    return kafka_api


@pytest.fixture
async def picky(fresh_topics: FreshTopics, monkeypatch: pytest.MonkeyPatch) -> None:
    """A topic `views` as Kafka makes it by default, and views that it refuses."""
    await alter_topic(fresh_topics.bootstrap, "views", AN_HOUR_AHEAD)
    make = send_views._record

    def record(view: send_views.View, *others: Any) -> Record:
        made = make(view, *others)
        is_bad = view.event.count == REFUSED_COUNT
        return replace(made, timestamp_ms=made.timestamp_ms + 2 * 3_600_000) if is_bad else made

    monkeypatch.setattr(send_views, "_record", record)


async def send(api: RunningApi, who: Member, lines: Sequence[Any], key: str | None = None) -> Any:
    headers = who.headers | ({"Idempotency-Key": key} if key else {})
    return await api.client.post("/views/batch", content="\n".join(map(json.dumps, lines)), headers=headers)


async def views(api: RunningApi) -> dict[int, int]:
    """The views of each account in the feature table."""
    async with api.service.sessions() as session:
        rows = await session.execute(
            text("SELECT account_id, sum(view_count)::bigint AS views FROM feature_rows GROUP BY 1")
        )
        return {row.account_id: row.views for row in rows}


@pytest.mark.usefixtures("picky")
async def test_a_view_that_kafka_refuses_takes_no_other_with_it(
    api: RunningApi, product: int, fresh_topics: FreshTopics
) -> None:
    customers = [await api.customer() for _ in range(8)]

    async def view(customer: Member, count: int) -> Any:
        body = {"product_id": product, "count": count}
        return await api.client.post("/views", json=body, headers=customer.headers)

    counts = [REFUSED_COUNT if number == 77 else 1 for number in range(160)]
    answers = await asyncio.gather(*[view(customers[n % 8], count) for n, count in enumerate(counts)])
    assert [answer.status_code for answer in answers] == [422 if count != 1 else 202 for count in counts]
    problem = answers[77].json()
    assert (problem["type"], "INVALID_TIMESTAMP" in problem["detail"]) == ("/problems/event-refused", True)
    await count_all(api.service.sessions, fresh_topics)  # stops at a gap in the numbers
    assert sum((await views(api)).values()) == 159


@pytest.mark.usefixtures("picky")
@pytest.mark.parametrize("key", [None, "batch-1"])
async def test_the_line_of_a_batch_that_kafka_refuses_is_named_and_the_others_count(
    api: RunningApi, product: int, fresh_topics: FreshTopics, key: str | None
) -> None:
    admin = await api.admin()
    accounts = [(await api.customer()).id for _ in range(8)]
    lines = [{"product_id": product, "account_id": account} for account in accounts]
    lines[4]["count"] = REFUSED_COUNT
    answer = await send(api, admin, lines, key)
    assert (answer.status_code, answer.json()["accepted"]) == (200, 7)
    [refused] = answer.json()["refused"]
    assert refused["line"] == 5
    assert "INVALID_TIMESTAMP" in refused["reason"]
    await count_all(api.service.sessions, fresh_topics)
    assert await views(api) == {account: 1 for account in accounts if account != accounts[4]}


@pytest.fixture
def gone(monkeypatch: pytest.MonkeyPatch) -> Callable[[set[int], bool], None]:
    """gone(partitions, arrives): from now on nobody hears of records for these, whether they arrive or not."""
    publish = KafkaPublisher.publish
    now: dict[int, bool] = {}

    async def cut(self: KafkaPublisher, topic: str, partition: int, records: Sequence[Record]) -> None:
        if now.get(partition, True):
            await publish(self, topic, partition, records)
        if partition in now:
            raise BrokerUnavailable("the acknowledgement was lost")

    monkeypatch.setattr(KafkaPublisher, "publish", cut)

    def set_gone(partitions: set[int], arrives: bool) -> None:
        now.clear()
        now.update(dict.fromkeys(partitions, arrives))

    return set_gone


@pytest.mark.parametrize("arrives", [True, False])
async def test_after_a_cut_the_corrected_batch_counts_every_line_once(
    api: RunningApi, product: int, fresh_topics: FreshTopics, gone: Callable[[set[int], bool], None], arrives: bool
) -> None:
    """Seen: 503 although seven of eight lines had been counted, so that the corrected repeat counted them twice."""
    admin = await api.admin()
    accounts = [(await api.customer()).id for _ in range(8)]
    lines: list[dict[str, Any]] = [{"product_id": product, "account_id": account} for account in accounts]
    bad = 2
    lines[bad] = {"sku": "misspelt", "account_id": accounts[bad]}
    lost = accounts[5] % fresh_topics.partitions
    unknown = [n for n, account in enumerate(accounts, 1) if account % fresh_topics.partitions == lost and n != bad + 1]
    gone({lost}, arrives)
    first = await send(api, admin, lines, "batch-1")
    answer = first.json()
    assert (first.status_code, answer["type"], first.headers["Retry-After"]) == (503, "/problems/batch-incomplete", "1")
    assert answer["unknown"] == unknown
    assert answer["counted"] == [n for n in range(1, 9) if n not in unknown and n != bad + 1]
    assert [line["line"] for line in answer["refused"]] == [bad + 1]

    lines[bad] = {"product_id": product, "account_id": accounts[bad]}
    again = await send(api, admin, lines, "batch-1")
    if accounts[bad] % fresh_topics.partitions == lost:
        assert again.status_code == 503
    gone(set(), arrives)
    for _ in range(2):
        last = await send(api, admin, lines, "batch-1")
        assert last.json() == {"accepted": 8, "refused": []}
    changed = await send(api, admin, lines[:7], "batch-1")
    assert changed.json()["type"] == "/problems/idempotency-key-reused"
    await count_all(api.service.sessions, fresh_topics)
    assert await views(api) == dict.fromkeys(accounts, 1)


async def test_a_counted_line_cannot_be_changed_by_a_repeat(
    api: RunningApi, product: int, fresh_topics: FreshTopics, gone: Callable[[set[int], bool], None]
) -> None:
    admin = await api.admin()
    accounts = [(await api.customer()).id for _ in range(2)]
    lines: list[dict[str, Any]] = [{"product_id": product, "account_id": account} for account in accounts]
    gone({accounts[1] % fresh_topics.partitions}, False)
    assert (await send(api, admin, lines, "k")).json()["counted"] == [1]
    gone(set(), False)
    changed = [line | {"count": 5} for line in lines]
    answer = await send(api, admin, changed, "k")
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/idempotency-key-reused")
    assert answer.json()["detail"].endswith(": 1, 2")
    await count_all(api.service.sessions, fresh_topics)
    assert await views(api) == {accounts[0]: 1}


async def test_without_a_key_too_the_answer_names_the_lines_that_count(
    api: RunningApi, product: int, fresh_topics: FreshTopics, gone: Callable[[set[int], bool], None]
) -> None:
    admin = await api.admin()
    accounts = [(await api.customer()).id for _ in range(4)]
    lines = [{"product_id": product, "account_id": account} for account in accounts]
    gone({accounts[0] % fresh_topics.partitions}, False)
    answer = await send(api, admin, lines)
    assert answer.status_code == 503
    assert (answer.json()["counted"], answer.json()["unknown"]) == ([2, 3, 4], [1])
    assert "Idempotency-Key" in answer.json()["detail"]
    gone(set(range(fresh_topics.partitions)), False)
    nothing = await send(api, admin, lines)
    assert (nothing.status_code, nothing.json()["type"]) == (503, "/problems/batch-incomplete")
    assert (nothing.json()["counted"], nothing.json()["unknown"]) == ([], [1, 2, 3, 4])


@pytest.mark.parametrize("key", [None, "batch-1"])
async def test_what_kafka_acknowledged_before_a_cut_in_the_middle_of_a_partition_is_named(
    api: RunningApi, product: int, fresh_topics: FreshTopics, monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    """Seen: 6,000 of 10,000 lines were acknowledged and none was named; a repeat without a key counted them twice."""
    admin = await api.admin()
    account = (await api.customer()).id
    lines = [{"product_id": product, "account_id": account, "count": n} for n in range(1, 101)]
    publish_batch = KafkaPublisher._send
    batches: list[int] = []

    async def gone_before_the_third(self: KafkaPublisher, batch: Any, *place: Any) -> None:
        if len(batches) == 2:
            raise TimeoutError
        batches.append(batch.record_count())
        await publish_batch(self, batch, *place)

    with monkeypatch.context() as patch:
        patch.setattr("ordercast.services.shared.kafka.publisher.MAX_BATCH_BYTES", 10_000)
        patch.setattr(KafkaPublisher, "_send", gone_before_the_third)
        cut = (await send(api, admin, lines, key)).json()
    arrived = sum(batches)
    assert 0 < arrived < 100
    assert (cut["type"], cut["accepted"]) == ("/problems/batch-incomplete", arrived)
    assert (cut["counted"], cut["unknown"]) == (list(range(1, arrived + 1)), list(range(arrived + 1, 101)))
    rest = await send(api, admin, lines if key else lines[arrived:], key)
    assert rest.json() == {"accepted": 100 if key else 100 - arrived, "refused": []}
    await count_all(api.service.sessions, fresh_topics)
    assert await views(api) == {account: 5_050}


async def test_the_members_of_an_incomplete_batch_are_in_the_openapi_document(api: RunningApi) -> None:
    document = (await api.client.get("/openapi.json")).json()
    answer = document["paths"]["/views/batch"]["post"]["responses"]["503"]
    members = answer["content"]["application/problem+json"]["schema"]["allOf"][0]["properties"]
    assert {"type", "detail", "accepted", "counted", "unknown", "refused"} <= members.keys()
    assert members["counted"]["items"] == {"type": "integer"}
    line = members["refused"]["items"]["$ref"].rpartition("/")[2]
    assert document["components"]["schemas"][line]["required"] == ["line", "reason"]
