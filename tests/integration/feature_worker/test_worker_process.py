"""Workers as processes: killed, doubled, stopped, fed with what is no event."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from sqlalchemy import text

from ordercast.contracts.envelope import SequenceNumber
from ordercast.services.shared.db.dead_letter_states import dead_letter_states
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.kafka.ports import Publisher
from ordercast.services.shared.kafka.publish_dead_letters import replay
from ordercast.services.shared.kafka.read_dead_letters import read_dead_letters
from ordercast.services.shared.kafka.records import Partition, Record
from tests.support.event_streams import Cancellation, Fact, Line, Order, View, numbered_records, record_of
from tests.support.feature_tables import read_rows, read_trends
from tests.support.oracle import feature_table, trends_table
from tests.support.worker_process import WorkerPlace

START: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
PARTITIONS: Final = 4


def make_facts(count: int, seed: int = 1) -> list[Fact]:
    """A busy hour of 20 accounts and 10 products, in no order of time."""
    dice = random.Random(seed)
    facts: list[Fact] = []
    for _ in range(count):
        account, moment = dice.randint(1, 20), START + timedelta(seconds=dice.randint(0, 3_600))
        lines = tuple(Line(dice.randint(1, 10), dice.randint(1, 9)) for _ in range(dice.randint(1, 4)))
        kind = dice.random()
        if kind < 0.7:
            facts.append(View(account, dice.randint(1, 10), moment, dice.randint(1, 5)))
        elif kind < 0.95:
            facts.append(Order(account, moment, lines))
        else:
            facts.append(Cancellation(account, moment, lines))
    return facts


async def publish(publisher: Publisher, facts: Sequence[Fact]) -> None:
    for place, records in numbered_records(facts, PARTITIONS).items():
        await publisher.publish(*place, records)


async def publish_slowly(publisher: Publisher, facts: Sequence[Fact], *, pieces: int) -> None:
    """Publishes while the test does something to the worker, and each piece a second time, as a relay may."""
    streams = numbered_records(facts, PARTITIONS)
    for number in range(pieces):
        for place, records in streams.items():
            size = -(-len(records) // pieces)
            piece = records[number * size : (number + 1) * size]
            await publisher.publish(*place, piece)
            await publisher.publish(*place, piece[-3:])
        await asyncio.sleep(0.1)


async def test_events_become_rows_and_the_worker_stops_cleanly(
    place: WorkerPlace, publisher: Publisher, sessions: Sessions
) -> None:
    facts = make_facts(500)
    await publish(publisher, facts)
    worker = await place.start()
    await place.applied_all(sessions, worker)
    assert await worker.stop() == 0
    assert await read_rows(sessions) == feature_table(facts)
    assert await read_trends(sessions) == trends_table(facts)


async def test_killed_again_and_again_under_load_it_counts_each_event_once(
    place: WorkerPlace, publisher: Publisher, sessions: Sessions
) -> None:
    facts = make_facts(6_000)
    publishing = asyncio.create_task(publish_slowly(publisher, facts, pieces=40))
    dice = random.Random(7)
    for _ in range(4):
        worker = await place.start(worker_batch_events=50)
        await worker.says("partitions assigned")
        await asyncio.sleep(dice.uniform(0.05, 0.8))
        worker.kill()
        await worker.ended()
    await publishing
    async with place.worker() as last:
        await place.applied_all(sessions, last)
    assert await read_rows(sessions) == feature_table(facts)
    assert await read_trends(sessions) == trends_table(facts)


async def test_a_second_worker_takes_its_share_and_leaves_it_again(
    place: WorkerPlace, publisher: Publisher, sessions: Sessions
) -> None:
    facts = make_facts(4_000)
    quick: dict[str, Any] = {"worker_batch_events": 50, "worker_session_s": 6}
    async with place.worker("one", **quick) as one:
        await one.says("partitions assigned")
        publishing = asyncio.create_task(publish_slowly(publisher, facts, pieces=30))
        two = await place.start(name="two", **quick)
        await two.says("partitions assigned")
        await publishing
        two.kill()
        await two.ended()
        # Kafka gives the dead worker's partitions back after its session has ended.
        await place.applied_all(sessions, one)
    assert await read_rows(sessions) == feature_table(facts)


async def test_two_workers_under_one_name_do_not_count_twice(
    place: WorkerPlace, publisher: Publisher, sessions: Sessions
) -> None:
    """A mistake of an operator: Kafka cannot tell them apart, the positions in the database can."""
    facts = make_facts(2_000)
    publishing = asyncio.create_task(publish_slowly(publisher, facts, pieces=20))
    workers = [await place.start(worker_batch_events=20) for _ in range(2)]
    await publishing
    await place.applied_all(sessions)
    for worker in workers:
        worker.kill()
        await worker.ended()
    assert await read_rows(sessions) == feature_table(facts)
    assert await read_trends(sessions) == trends_table(facts)


async def test_poison_becomes_dead_letters_and_the_flow_goes_on(
    place: WorkerPlace, publisher: Publisher, sessions: Sessions
) -> None:
    facts = [View(1, 1, START + timedelta(seconds=number)) for number in range(4)]
    records = numbered_records(facts, PARTITIONS)[Partition("views", 1)]
    new_version = replace(
        records[1],
        headers=[(n, b"ordercast.product.viewed.v2" if n == "ce_type" else v) for n, v in records[1].headers],
    )
    poison = [
        Record(b"", None, [], 0),
        Record(b"?", b"\x00\xff", [("ce_type", b"\xff")], 0),
        replace(records[0], value=b"x" * 800_000, headers=[]),
        record_of(facts[0], None),
    ]
    await publisher.publish("views", 1, [records[0], new_version, *poison, records[2], records[3]])
    async with place.worker() as worker:
        await place.applied_all(sessions, worker)
        assert (await read_rows(sessions))[1, 1]["view_count"] == 3
        dead_letters = await read_dead_letters(place.bootstrap)
        assert {dead_letter.offset: dead_letter.reason.partition(":")[0] for dead_letter in dead_letters} == {
            1: "UnknownEventType",
            2: "MalformedEvent",
            3: "MalformedEvent",
            4: "OversizedEvent",
            5: "MissingSequence",
        }
        assert set((await dead_letter_states(sessions, dead_letters)).values()) == {"waiting"}

        stranger = next(dead_letter for dead_letter in dead_letters if dead_letter.offset == 5)
        await replay(publisher, [stranger, stranger])
        await place.applied_all(sessions, worker)
        assert (await read_rows(sessions))[1, 1]["view_count"] == 4
        assert (await dead_letter_states(sessions, [stranger])) == {stranger.id: "replayed"}


async def test_neither_junk_nor_a_gap_stops_the_flow_of_good_events_through_restarts(
    place: WorkerPlace, publisher: Publisher, sessions: Sessions
) -> None:
    """101 records of junk, and a number that leaves a gap: each stopped the worker at each start."""
    junk = [Record(b"?", b"junk", [], 0)] * 101
    good = [record_of(View(1, 1, START), SequenceNumber("viewer", number)) for number in (1, 3, 4, 5)]
    await publisher.publish("views", 1, [good[0], *junk, good[1]])
    for record in good[2:]:
        async with place.worker() as worker:
            await publisher.publish("views", 1, [record])
            await place.applied_all(sessions, worker)
    assert (await read_rows(sessions))[1, 1]["view_count"] == 4
    assert len(await read_dead_letters(place.bootstrap)) == 101
    log = worker.log.read_text()
    assert "alarm: too many events are refused" in log
    assert "101 events in a row of views/1 were refused" in log


async def test_a_backlog_that_does_not_move_ends_the_process(
    place: WorkerPlace, publisher: Publisher, sessions: Sessions
) -> None:
    """Somebody holds the positions, as a rebuild or a forgotten psql does; the supervisor's restart is the way out."""
    records = [record_of(View(1, 1, START), SequenceNumber("viewer", number)) for number in (1, 2)]
    await publisher.publish("views", 1, records[:1])
    worker = await place.start(worker_stuck_after_s=3)
    await place.applied_all(sessions, worker)
    async with sessions() as session, session.begin():
        await session.execute(text("LOCK TABLE feature_positions IN ACCESS EXCLUSIVE MODE"))
        await publisher.publish("views", 1, records[1:])
        assert await worker.ended() == 1
    assert "1 events wait in views/1, and its position 1 has not moved for 3 s" in worker.log.read_text()
    async with place.worker() as again:
        await place.applied_all(sessions, again)
    assert (await read_rows(sessions))[1, 1]["view_count"] == 2


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ({"database_url": "postgresql+asyncpg://nobody@127.0.0.1:9/none", "worker_stuck_after_s": 1}, "no way on"),
        ({"kafka_bootstrap": "127.0.0.1:9"}, "no Kafka broker"),
        ({"partitions": "many"}, "ORDERCAST_PARTITIONS"),
    ],
)
async def test_without_what_it_needs_it_says_so_and_ends(
    place: WorkerPlace, missing: dict[str, Any], message: str
) -> None:
    worker = await place.start(**missing)
    assert await worker.ended() == 1
    assert message in worker.log.read_text()


async def test_a_database_that_does_not_exist_is_named(place: WorkerPlace) -> None:
    worker = await place.start(database_url=place.database_url.rpartition("/")[0] + "/nowhere")
    assert await worker.ended() == 1
    assert 'database "nowhere" does not exist' in worker.log.read_text()
    assert "Traceback" not in worker.log.read_text()
