"""The topic of dead letters on the real broker, and what became of each dead letter's event."""

from datetime import UTC, datetime
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from sqlalchemy import text

from ordercast.contracts.envelope import SequenceNumber
from ordercast.contracts.limits import MAX_BODY_BYTES
from ordercast.contracts.topics import DEAD_LETTERS
from ordercast.services.shared.db.dead_letter_states import dead_letter_states
from ordercast.services.shared.db.engine import open_database
from ordercast.services.shared.kafka import open_consumer, read_backwards, topic_ends
from ordercast.services.shared.kafka.dead_letters import DeadLetter, dead_letter_of
from ordercast.services.shared.kafka.errors import BrokerUnavailable
from ordercast.services.shared.kafka.memory import MemoryConsumer, MemoryLog
from ordercast.services.shared.kafka.open_consumer import open_reader, read_topic
from ordercast.services.shared.kafka.publish_dead_letters import publish_dead_letters, replay
from ordercast.services.shared.kafka.publisher import open_publisher
from ordercast.services.shared.kafka.read_dead_letters import newest_dead_letters, read_dead_letters
from ordercast.services.shared.kafka.records import Partition, Record, StoredRecord
from tests.support.event_streams import View, record_of
from tests.support.feature_tables import SqlTable
from tests.support.fresh_topics import FreshTopics

VIEWS_1 = Partition("views", 1)
STRANGERS = View(1, 1, datetime(2026, 3, 1, tzinfo=UTC))


def dead_letter(
    offset: int, value: bytes | None = b"\x00\xff", headers: list[tuple[str, bytes]] | None = None
) -> DeadLetter:
    record = StoredRecord(b"1", value, headers or [], 1_700_000_000_000, VIEWS_1, offset)
    return dead_letter_of(record, f"because of {offset} – ü")


async def test_letters_come_back_as_they_were_each_once(fresh_topics: FreshTopics) -> None:
    dead_letters = [
        dead_letter(1),
        dead_letter(2, value=None),
        dead_letter(3, headers=[("ce_type", b"x"), ("same", b"1"), ("same", b"2"), ("reason", b"not ours")]),
        dead_letter(4, value=b"x" * (MAX_BODY_BYTES + 1)),
    ]
    async with open_publisher(fresh_topics.bootstrap, client_id="test") as publisher:
        await publish_dead_letters(publisher, dead_letters[:2])
        await publish_dead_letters(publisher, dead_letters)  # as after a commit that failed
        await publisher.publish(DEAD_LETTERS.name, 0, [Record(b"", b"somebody else's", [("reason", b"?")], 0)])
    assert await read_dead_letters(fresh_topics.bootstrap) == dead_letters


async def test_of_an_empty_topic_nothing_is_read(fresh_topics: FreshTopics) -> None:
    assert await read_dead_letters(fresh_topics.bootstrap) == []


async def test_a_whole_topic_is_read_each_partition_in_its_order(fresh_topics: FreshTopics) -> None:
    records = [Record(b"", str(number).encode(), [], 0) for number in range(1_500)]
    async with open_publisher(fresh_topics.bootstrap, client_id="test") as publisher:
        for partition in range(fresh_topics.partitions):
            await publisher.publish("views", partition, records)
    read: dict[Partition, list[int]] = {}
    async for stored in read_topic(fresh_topics.bootstrap, "views"):
        read.setdefault(stored.partition, []).append(int(stored.value or b""))
    assert read == {Partition("views", number): list(range(1_500)) for number in range(fresh_topics.partitions)}


async def test_the_newest_are_read_by_one_client(fresh_topics: FreshTopics, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_publisher(fresh_topics.bootstrap, client_id="test") as publisher:
        await publish_dead_letters(publisher, [dead_letter(offset) for offset in range(5)])
    made: list[AIOKafkaConsumer] = []

    def noted(*args: Any, **settings: Any) -> AIOKafkaConsumer:
        made.append(AIOKafkaConsumer(*args, **settings))
        return made[-1]

    for module in (open_consumer, topic_ends):
        monkeypatch.setattr(module, "AIOKafkaConsumer", noted)
    newest = [letter.offset async for letter in newest_dead_letters(fresh_topics.bootstrap, 3, 1 << 20)]
    assert (newest, len(made)) == ([4, 3, 2], 1)


@pytest.mark.parametrize("window_bytes", [8 << 20, 100_000])
async def test_the_newest_are_bounded_by_records_and_by_bytes(
    fresh_topics: FreshTopics, monkeypatch: pytest.MonkeyPatch, window_bytes: int
) -> None:
    monkeypatch.setattr(read_backwards, "WINDOW_BYTES", window_bytes)
    assert [one async for one in newest_dead_letters(fresh_topics.bootstrap, 5, 1 << 20)] == []
    async with open_publisher(fresh_topics.bootstrap, client_id="test") as publisher:
        for begin in range(0, 120, 40):
            letters = [dead_letter(offset, value=b"x" * 10_000) for offset in range(begin, begin + 40)]
            await publish_dead_letters(publisher, letters)
    for most, most_bytes, read in ((200, 10 << 20, 120), (70, 10 << 20, 70), (200, 65_000, 7), (200, 0, 0)):
        newest = [one.offset async for one in newest_dead_letters(fresh_topics.bootstrap, most, most_bytes)]
        assert newest == list(range(119, 119 - read, -1))


async def test_a_missing_broker_or_topic_is_said() -> None:
    with pytest.raises(BrokerUnavailable):
        await read_dead_letters("127.0.0.1:9")


async def test_a_letter_waits_until_its_replay_has_counted(fresh_topics: FreshTopics, database_url: str) -> None:
    """From the refusal of a stranger's view to the row that its replay makes."""
    async with (
        open_publisher(fresh_topics.bootstrap, client_id="test") as publisher,
        open_database(database_url, application="test") as sessions,
    ):
        table = SqlTable(sessions, fresh_topics.partitions)

        async def apply_all() -> None:
            async with open_reader(fresh_topics.bootstrap, [VIEWS_1], read_positions=table.place) as reader:
                while slices := await reader.poll(max_records=100, timeout_s=1):
                    await table.record(slices)

        await publisher.publish(*VIEWS_1, [record_of(STRANGERS, None)])
        never_committed = dead_letter(99)
        await apply_all()
        (refused,) = table.dead_letters.by_id.values()
        states = await dead_letter_states(sessions, [refused, never_committed])
        assert states == {"views:1:0": "waiting", "views:1:99": "applied"}

        forged = [
            SequenceNumber("replay:views:1:0", number, "rising") for number in (2, 5)
        ]  # 2: as if it were discarded
        await publisher.publish(*VIEWS_1, [record_of(STRANGERS, sequence) for sequence in forged])
        await apply_all()
        assert await dead_letter_states(sessions, [refused]) == {"views:1:0": "waiting"}

        for _ in range(2):
            await replay(publisher, [refused, never_committed])
            await apply_all()
            assert (await table.rows())[1, 1]["view_count"] == 1
        assert await dead_letter_states(sessions, [refused]) == {"views:1:0": "replayed"}

        async with sessions() as session, session.begin():  # what a release before let a stranger do
            await session.execute(
                text("UPDATE feature_last_sequences SET last_sequence = 5 WHERE producer LIKE 'replay:%'")
            )
        assert await dead_letter_states(sessions, [refused]) == {"views:1:0": "discarded"}


async def test_a_replay_that_is_refused_again_becomes_a_letter_of_its_own(database_url: str) -> None:
    async with open_database(database_url, application="test") as sessions:
        table = SqlTable(sessions, 2)
        bad = record_of(STRANGERS, SequenceNumber("viewer", 1))
        log = MemoryLog()
        await log.publish(*VIEWS_1, [Record(bad.key, b"{", bad.headers, bad.timestamp_ms)])
        consumer = MemoryConsumer(log, [VIEWS_1], table.place)
        await table.record(await consumer.poll(max_records=10, timeout_s=0))
        await replay(log, table.dead_letters.by_id.values())
        await table.record(await consumer.poll(max_records=10, timeout_s=0))
        assert list(table.dead_letters.by_id) == ["views:1:0", "views:1:1"]
        states = await dead_letter_states(sessions, list(table.dead_letters.by_id.values()))
        assert states == {"views:1:0": "replayed", "views:1:1": "waiting"}
