"""The table made again beside the live one, and swapped in while the worker goes on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

import pytest
from alembic import command
from sqlalchemy import select, text

from ordercast.contracts.envelope import SequenceNumber
from ordercast.infra.local.databases import service_logins
from ordercast.infra.migrations.rights import ROLES
from ordercast.infra.migrations.upgrade import alembic_config, make_roles
from ordercast.services.feature_worker import rebuild as rebuild_module
from ordercast.services.feature_worker.errors import NothingToRepair, RebuildRefused
from ordercast.services.feature_worker.prediction_answers import ForgetPredictions
from ordercast.services.feature_worker.read_start_positions import ReadStartPositions
from ordercast.services.feature_worker.rebuild import RebuildFeatures
from ordercast.services.feature_worker.record_features import Admit
from ordercast.services.feature_worker.resume_streams import ResumeStreams, read_repairs
from ordercast.services.feature_worker.shadow_tables import SHADOW
from ordercast.services.feature_worker.watch_numbers import read_amiss
from ordercast.services.shared.db.engine import Sessions, open_database
from ordercast.services.shared.db.features import PREDICTIONS_KEPT_DAYS, PredictionAnswer
from ordercast.services.shared.kafka.admit import Admitted, Refused, admit, refuse
from ordercast.services.shared.kafka.open_consumer import open_reader
from ordercast.services.shared.kafka.ports import Consumer, Publisher
from ordercast.services.shared.kafka.publish_dead_letters import replay
from ordercast.services.shared.kafka.records import Partition, StoredRecord
from tests.integration.feature_worker.test_record_features import give_numbers
from tests.integration.feature_worker.test_worker_process import (
    PARTITIONS,
    START,
    make_facts,
    publish,
    publish_slowly,
)
from tests.support.event_streams import Fact, Line, Order, View, record_of
from tests.support.feature_tables import SqlTable, read_activity, read_rows, read_trends
from tests.support.fresh_topics import FreshTopics
from tests.support.lock_waits import until_somebody_waits_for_a_lock
from tests.support.oracle import activity_table, feature_table, trends_table
from tests.support.predictions import prediction, prediction_record
from tests.support.worker_process import WorkerPlace

ADMIT: Final = partial(admit, partitions=PARTITIONS)
TOPICS: Final = ("orders", "views", "predictions")


@pytest.fixture
async def shadow(database_url: str) -> AsyncIterator[Sessions]:
    async with open_database(database_url, application="test", search_path=SHADOW) as sessions:
        yield sessions


class Rebuilds:
    """Rebuilds of one test, and the live table as a worker would keep it."""

    def __init__(self, topics: FreshTopics, live: Sessions, shadow: Sessions) -> None:
        self.live = live
        self.table = SqlTable(live, PARTITIONS)
        self._topics = topics
        self._shadow = shadow

    async def apply_all(self) -> None:
        """Applies all that lies in the topics to the live table."""
        partitions = [Partition(topic, number) for topic in TOPICS for number in range(PARTITIONS)]
        async with open_reader(self._topics.bootstrap, partitions, read_positions=self.table.place) as reader:
            while (await self._lag(reader)) > 0:
                for piece in await reader.poll(max_records=1_000, timeout_s=1):
                    await self.table.record([piece])

    def make(self, *, admit: Admit = ADMIT, report: list[tuple[int, int]] | None = None) -> RebuildFeatures:
        def open_one(partition: Partition, place: ReadStartPositions) -> AbstractAsyncContextManager[Consumer]:
            return open_reader(self._topics.bootstrap, [partition], read_positions=place)

        heard = report if report is not None else []
        return RebuildFeatures(
            self.live,
            self._shadow,
            open_reader=open_one,
            admit=admit,
            report=lambda done, total: heard.append((done, total)),
        )

    async def _lag(self, reader: Consumer) -> int:
        if not reader.positions:
            return 1
        ends, stored = await reader.ends(), await self.table.place([])
        return sum(end - stored[partition] for partition, end in ends.items())


@pytest.fixture
def rebuilds(fresh_topics: FreshTopics, sessions: Sessions, shadow: Sessions) -> Rebuilds:
    return Rebuilds(fresh_topics, sessions, shadow)


async def table_number(sessions: Sessions) -> int:
    """Another one after a swap."""
    async with sessions() as session:
        number: int = (await session.execute(text("SELECT CAST('feature_rows'::regclass AS oid)"))).scalar_one()
        return number


async def shadow_exists(sessions: Sessions) -> bool:
    async with sessions() as session:
        found = await session.execute(text("SELECT count(*) FROM pg_namespace WHERE nspname = :name"), {"name": SHADOW})
        return bool(found.scalar_one())


async def test_a_rebuilt_table_equals_the_live_one_with_its_letters_and_replays(
    rebuilds: Rebuilds, publisher: Publisher, sessions: Sessions, database_url: str
) -> None:
    facts = make_facts(2_000)
    strangers: list[Fact] = [View(1, 1, START + timedelta(minutes=number)) for number in range(4)]
    await publish(publisher, facts)
    await publisher.publish("views", 1, [record_of(fact, None) for fact in strangers])
    await rebuilds.apply_all()
    await replay(publisher, list(rebuilds.table.dead_letters.by_id.values())[:3])
    await rebuilds.apply_all()
    await make_roles(database_url, service_logins(dict.fromkeys(ROLES, "a password")))
    before, heard = await table_number(sessions), list[tuple[int, int]]()

    differences = await rebuilds.make(report=heard)()

    assert (differences.count, differences.examples) == (0, [])
    assert await table_number(sessions) != before
    assert heard[-1] == (2_007, 2_007)
    assert [done for done, _ in heard] == sorted(done for done, _ in heard)
    assert not await shadow_exists(sessions)
    assert await read_rows(sessions) == feature_table([*facts, *strangers[:3]])
    assert await read_trends(sessions) == trends_table([*facts, *strangers[:3]])
    assert await read_activity(sessions) == activity_table([*facts, *strangers[:3]])
    await asyncio.to_thread(command.check, alembic_config(database_url))
    async with sessions() as session:  # who might use the tables may go on
        may = text("SELECT has_table_privilege('ordercast_' || :role, 'feature_rows', 'UPDATE')")
        assert [(await session.execute(may, {"role": role})).scalar_one() for role in ("feature_worker", "reader")] == [
            True,
            False,
        ]
    async with sessions() as session:  # by the name of the release before, too
        named_before = text("SELECT topic, partition, producer, last_number FROM feature_producer_marks")
        named_now = text("SELECT topic, partition, producer, last_sequence FROM feature_last_sequences")
        rows = set(await session.execute(named_now))
        assert rows
        assert set(await session.execute(named_before)) == rows

    # The last dead letter, replayed now, counts once; the others do not count again.
    await replay(publisher, rebuilds.table.dead_letters.by_id.values())
    await rebuilds.apply_all()
    assert await read_rows(sessions) == feature_table([*facts, *strangers])


async def test_what_was_skipped_stays_skipped_even_if_this_release_can_read_it(
    rebuilds: Rebuilds, publisher: Publisher, sessions: Sessions
) -> None:
    """Otherwise its replay would count it a second time."""
    facts: list[Fact] = [View(1, 1, START + timedelta(minutes=number)) for number in range(3)]
    await publish(publisher, facts)

    def old_release(record: StoredRecord) -> Admitted | Refused:
        return refuse(record, "UnknownEventType") if record.offset == 1 else ADMIT(record)

    rebuilds.table = SqlTable(sessions, PARTITIONS, admit=old_release)
    await rebuilds.apply_all()
    assert (await rebuilds.make()()).count == 0
    assert (await read_rows(sessions))[1, 1]["view_count"] == 2

    await replay(publisher, rebuilds.table.dead_letters.by_id.values())
    rebuilds.table = SqlTable(sessions, PARTITIONS)
    await rebuilds.apply_all()
    assert (await read_rows(sessions))[1, 1]["view_count"] == 3
    assert (await rebuilds.make()()).count == 0
    assert (await read_rows(sessions))[1, 1]["view_count"] == 3


async def test_rows_that_somebody_changed_are_named_and_healed(
    rebuilds: Rebuilds, publisher: Publisher, sessions: Sessions
) -> None:
    facts = make_facts(300)
    await publish(publisher, facts)
    await rebuilds.apply_all()
    async with sessions() as session, session.begin():
        await session.execute(text("UPDATE feature_rows SET view_count = 77 WHERE account_id = 1 AND product_id = 1"))
        await session.execute(
            text("DELETE FROM product_trends WHERE product_id = 3 AND starts_at = '2026-03-01T12:15:00Z'")
        )
        await session.execute(
            text("UPDATE pair_activity SET amount = amount + 1 WHERE (account_id, product_id) = (1, 1)")
        )
        await session.execute(text("INSERT INTO feature_view_times VALUES (500, 1, '2026-01-01T00:00:00Z', 1)"))
    differences = await rebuilds.make()()
    assert differences.count == 4
    row, view, activity, trend = sorted(differences.examples)
    assert activity.startswith("pair_activity (1,1,2026-03-01,2026-03-01): live (1,1,")
    assert row.startswith("feature_rows (1,1): live (1,1,")
    assert ",77," in row.partition("rebuilt")[0]
    assert trend.startswith('product_trends (3,"2026-03-01 12:15:00+00"): live None, rebuilt (')
    assert view.startswith("feature_view_times (500,1,")
    assert view.endswith("rebuilt None")
    assert await read_rows(sessions) == feature_table(facts)
    assert await read_trends(sessions) == trends_table(facts)
    assert await read_activity(sessions) == activity_table(facts)


async def test_a_rebuild_killed_in_the_middle_changes_nothing_and_the_next_one_works(
    rebuilds: Rebuilds, publisher: Publisher, sessions: Sessions
) -> None:
    facts = make_facts(500)
    await publish(publisher, facts)
    await rebuilds.apply_all()
    before, read = await table_number(sessions), 0

    def dies(record: StoredRecord) -> Admitted | Refused:
        nonlocal read
        read += 1
        if read == 200:
            raise KeyboardInterrupt
        return ADMIT(record)

    with pytest.raises(KeyboardInterrupt):
        await rebuilds.make(admit=dies)()
    assert await shadow_exists(sessions)
    assert await table_number(sessions) == before
    assert await read_rows(sessions) == feature_table(facts)
    assert (await rebuilds.make()()).count == 0
    assert await read_rows(sessions) == feature_table(facts)


async def test_two_rebuilds_at_once_are_refused(rebuilds: Rebuilds, publisher: Publisher) -> None:
    await publish(publisher, make_facts(100))
    await rebuilds.apply_all()
    outcomes = await asyncio.gather(rebuilds.make()(), rebuilds.make()(), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Differences", "RebuildRefused"]


async def test_an_event_that_this_release_cannot_read_any_more_keeps_the_live_table(
    rebuilds: Rebuilds, publisher: Publisher, sessions: Sessions
) -> None:
    await publish(publisher, make_facts(100))
    await rebuilds.apply_all()
    before = await table_number(sessions)

    def forgetful(record: StoredRecord) -> Admitted | Refused:
        return refuse(record, "forgotten") if record.partition.topic == "orders" else ADMIT(record)

    with pytest.raises(RebuildRefused, match=r"orders:\d:0 was applied once, and this release refuses it: forgotten"):
        await rebuilds.make(admit=forgetful)()
    assert await table_number(sessions) == before


async def test_a_long_reader_of_the_live_table_is_waited_for(
    rebuilds: Rebuilds, publisher: Publisher, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuild_module, "SWAP_PAUSE_S", 0.1)
    monkeypatch.setattr("ordercast.services.feature_worker.shadow_tables.LOCK_TIMEOUT_MS", 100)
    facts = make_facts(300)
    await publish(publisher, facts[:200])
    await rebuilds.apply_all()
    before = await table_number(sessions)
    async with sessions() as session, session.begin():
        await session.execute(text("SELECT count(*) FROM feature_rows"))
        rebuild = asyncio.create_task(rebuilds.make()())
        await until_somebody_waits_for_a_lock(sessions)
        assert not rebuild.done()
        assert await table_number(sessions) == before
    assert (await rebuild).count == 0
    assert await table_number(sessions) != before


async def test_while_events_come_and_the_worker_runs_nothing_is_lost_or_doubled(
    place: WorkerPlace, publisher: Publisher, sessions: Sessions
) -> None:
    facts = make_facts(6_000)
    numbers = []
    async with place.worker(worker_batch_events=50) as worker:
        await worker.says("partitions assigned")
        publishing = asyncio.create_task(publish_slowly(publisher, facts, pieces=60))
        for _ in range(2):
            rebuild = await place.start("rebuild", name="rebuild")
            assert await rebuild.ended() == 0, rebuild.log.read_text()
            numbers.append(await table_number(sessions))
        await publishing
        await place.applied_all(sessions, worker)
        assert worker.is_running
    assert len(set(numbers)) == 2
    assert "rebuild: 0 differences; the rebuilt tables are in place" in rebuild.log.read_text()
    assert "alarm" not in worker.log.read_text()
    assert await read_rows(sessions) == feature_table(facts)
    assert await read_trends(sessions) == trends_table(facts)


async def test_gaps_and_repairs_of_streams_are_rebuilt_as_they_were(
    rebuilds: Rebuilds, publisher: Publisher, sessions: Sessions
) -> None:
    """A stranger's number is forgotten before the event comes that gets it; in another stream a number is lost for good."""
    orders = [Order(1, START + timedelta(minutes=number), (Line(1, 2),)) for number in range(4)]
    ours = [record_of(order, SequenceNumber("outbox", number)) for number, order in enumerate(orders, start=1)]
    views = [View(1, 1, START + timedelta(minutes=number)) for number in range(3)]
    await publisher.publish("orders", 1, [ours[0], replace(ours[2], value=b"{")])
    lossy = [record_of(view, SequenceNumber("viewer", number)) for number, view in zip((1, 3, 4), views, strict=True)]
    await publisher.publish("views", 1, lossy)
    await give_numbers(sessions, 1)
    await rebuilds.apply_all()
    dry = [repair async for repair in ResumeStreams(None, "ann", "", dry_run=True)(sessions)]
    done = [repair async for repair in ResumeStreams(None, "ann", "lost", dry_run=False)(sessions)]
    assert dry == done
    assert [(r.topic, r.producer, r.forgotten_above, r.missing_up_to, r.needs_rebuild) for r in done] == [
        ("orders", "outbox", 1, None, False),
        ("views", "viewer", None, 4, False),
    ]
    assert [(r.producer, r.at_offset, r.repaired_by) async for r in read_repairs(sessions)] == [
        ("viewer", 3, "ann"),
        ("outbox", 2, "ann"),
    ]
    await publisher.publish("orders", 1, ours[1:])
    await give_numbers(sessions, 4)
    await rebuilds.apply_all()
    for _ in range(2):
        assert await read_rows(sessions) == feature_table([*orders, *views])
        async with sessions() as session:
            assert await read_amiss(session) == []
            kept = await session.execute(
                text("SELECT producer, first_sequence, last_sequence FROM feature_sequences_ahead")
            )
            assert [tuple(row) for row in kept] == [("viewer", 3, 4)]
        assert (await rebuilds.make()()).count == 0
    # What was given up counts all the same when it comes after all.
    found = View(1, 1, START + timedelta(minutes=9))
    await publisher.publish("views", 1, [record_of(found, SequenceNumber("viewer", 2))])
    await rebuilds.apply_all()
    assert await read_rows(sessions) == feature_table([*orders, *views, found])


async def test_a_last_number_that_a_release_before_raised_is_read_anew_from_the_topic(
    rebuilds: Rebuilds, publisher: Publisher, sessions: Sessions
) -> None:
    orders = [Order(1, START + timedelta(minutes=number), (Line(1, 2),)) for number in range(3)]
    ours = [record_of(order, SequenceNumber("outbox", number)) for number, order in enumerate(orders, start=1)]
    await publisher.publish("orders", 1, ours[:1])
    await rebuilds.apply_all()
    async with sessions() as session, session.begin():
        await session.execute(
            text("UPDATE feature_last_sequences SET last_sequence = 2 ^ 62 WHERE producer = 'outbox'")
        )
    await publisher.publish("orders", 1, ours[1:])
    await give_numbers(sessions, 3)
    await rebuilds.apply_all()
    assert await read_rows(sessions) == feature_table(orders[:1])
    (repair,) = [repair async for repair in ResumeStreams("outbox", "ann", "", dry_run=False)(sessions)]
    assert (repair.needs_rebuild, repair.forgotten_above, repair.missing_up_to) == (True, None, None)
    await rebuilds.make()()
    assert await read_rows(sessions) == feature_table(orders)
    with pytest.raises(NothingToRepair, match="the numbers of outbox add up"):
        _ = [repair async for repair in ResumeStreams("outbox", "ann", "", dry_run=False)(sessions)]


async def test_a_rebuild_finds_the_same_predictions_and_no_older_ones(
    rebuilds: Rebuilds, publisher: Publisher, sessions: Sessions
) -> None:
    today = datetime.now(UTC).date()
    oldest = today - timedelta(days=PREDICTIONS_KEPT_DAYS)
    said = [prediction(1, 5, day) for day in (oldest - timedelta(days=1), oldest, today)]
    records = [prediction_record(one, number) for number, one in enumerate(said, start=1)]
    await publisher.publish("predictions", 1, records)
    await rebuilds.apply_all()
    await ForgetPredictions(sessions)()
    assert (await rebuilds.make()()).count == 0
    async with sessions() as session, session.begin():
        kept = await session.scalars(select(PredictionAnswer).order_by(PredictionAnswer.starts_on))
        [first, second] = kept
        assert [first.starts_on, second.starts_on] == [oldest, today]
        second.low += 1
    differences = await rebuilds.make()()
    assert differences.count == 1
    assert differences.examples[0].startswith("prediction_answers (1,5,")
