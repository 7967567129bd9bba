"""One transaction for each batch, on the real database."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from ordercast.contracts.envelope import SequenceNumber
from ordercast.services.feature_worker.errors import NumbersAmiss, PositionMoved
from ordercast.services.feature_worker.forget_streams import ForgetStreams
from ordercast.services.feature_worker.read_start_positions import ReadStartPositions
from ordercast.services.feature_worker.record_features import RecordFeatures
from ordercast.services.feature_worker.watch_numbers import Amiss, WatchNumbers, read_amiss
from ordercast.services.shared.db.engine import Sessions, open_database
from ordercast.services.shared.db.unavailable import is_unavailable
from ordercast.services.shared.kafka.admit import Refused, admit
from ordercast.services.shared.kafka.memory import MemoryLog
from ordercast.services.shared.kafka.ports import Slice
from ordercast.services.shared.kafka.records import Partition, Record
from tests.support.drive import BATCHES, FATES, drive, memory_consumer, publish_history, replay_strangers
from tests.support.event_streams import Cancellation, Fact, Line, Order, View, numbered_records, record_of
from tests.support.feature_records import NOON, VIEWS_1, order, slice_of, slices_of, view
from tests.support.feature_tables import SqlTable, table_is_untouched
from tests.support.histories import PARTITIONS, History, histories
from tests.support.lock_waits import until_somebody_waits_for_a_lock
from tests.support.oracle import activity_table, feature_table, trends_table


@pytest.fixture(scope="module")
async def shared_sessions(module_database_url: str) -> AsyncIterator[Sessions]:
    async with open_database(module_database_url, application="test") as sessions:
        yield sessions


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories(), data=st.data())
async def test_any_stream_gives_the_oracles_table(
    shared_sessions: Sessions, history: History, data: st.DataObject
) -> None:
    async with shared_sessions() as session, session.begin():
        tables = (
            "feature_rows, feature_view_times, feature_positions, feature_last_sequences, feature_sequences_ahead, "
            "product_trends, shop_trends, pair_activity, product_activity"
        )
        await session.execute(text(f"TRUNCATE {tables}"))
    log, table = MemoryLog(), SqlTable(shared_sessions, PARTITIONS)
    consumer = memory_consumer(log, table, history)
    await publish_history(log, history)

    await drive(table, consumer, fate=lambda: data.draw(FATES), batch=lambda: data.draw(BATCHES))
    await replay_strangers(log, table, times=data.draw(st.integers(1, 2)))
    await drive(table, consumer, fate=lambda: data.draw(FATES), batch=lambda: data.draw(BATCHES))

    assert await table.rows() == feature_table(history.facts)
    assert await table.trends() == trends_table(history.facts)
    assert await table.activity() == activity_table(history.facts)


async def test_a_cancellation_of_before_the_field_counts_on_the_day_of_its_order(
    table: SqlTable, sessions: Sessions
) -> None:
    known, unknown = Cancellation(1, NOON, (Line(1, 2),)), Cancellation(1, NOON, (Line(2, 3),))
    async with sessions() as session, session.begin():
        await session.execute(
            text("INSERT INTO accounts (id, nickname, role, login_type) VALUES (1, 'ann', 'CUSTOMER', 'EXTERNAL')")
        )
        await session.execute(
            text(
                "INSERT INTO orders (id, account_id, status, currency, total, created_at) "
                "VALUES (:id, 1, 'CANCELLED', 'EUR', 1, '2026-02-27T23:00:00Z')"
            ),
            {"id": known.id},
        )
    await table.record(slices_of([known, unknown]))
    pairs = {product: key[1:] for *key, product in [(*key[1:], key[1]) for key in await table.activity() if key[0]]}
    assert pairs == {1: [date(2026, 2, 27), date(2026, 3, 1)], 2: [date(2026, 3, 1)] * 2}


async def test_rows_name_the_offsets_up_to_which_they_are_true(table: SqlTable, sessions: Sessions) -> None:
    facts: list[Fact] = [view(1), order(2), view(3), order(4), view(5)]
    await table.record(slices_of(facts))
    async with sessions() as session:
        row = (await session.execute(text("SELECT partition, orders_offset, views_offset FROM feature_rows"))).one()
    assert tuple(row) == (1, 1, 2)


async def test_only_views_that_may_still_matter_are_kept(table: SqlTable, sessions: Sessions) -> None:
    facts: list[Fact] = [view(1), view(5), view(9), order(6), view(2), view(7), order(3)]
    for piece in slices_of(facts):
        await table.record([piece])
    async with sessions() as session:
        kept = (await session.execute(text("SELECT occurred_at FROM feature_view_times ORDER BY 1"))).scalars().all()
    assert kept == [NOON + timedelta(minutes=1), NOON + timedelta(minutes=2)]
    assert (await table.rows())[1, 1]["views_before_first_order"] == 2


async def test_of_two_workers_with_the_same_records_one_finds_its_position_taken(
    table: SqlTable, sessions: Sessions
) -> None:
    facts = [view(minute) for minute in range(50)] + [order(10)]
    workers = [SqlTable(sessions, PARTITIONS) for _ in range(4)]
    outcomes = await asyncio.gather(*(worker.record(slices_of(facts)) for worker in workers), return_exceptions=True)
    assert sorted(isinstance(outcome, PositionMoved) for outcome in outcomes) == [False, True, True, True]
    assert await table.rows() == feature_table(facts)


async def test_an_account_is_in_one_transaction_at_a_time_even_when_its_topics_belong_to_two_workers(
    table: SqlTable, sessions: Sessions
) -> None:
    """While a partition passes on, one worker may hold its orders and another its views: the views have to wait."""
    begun, allowed = asyncio.Event(), asyncio.Event()

    async def wait(_: Sequence[Refused]) -> None:
        begun.set()
        await allowed.wait()

    (orders,), (views,) = slices_of([order(5), order(3)]), slices_of([view(4)])
    bad = replace(orders.records[0], value=b"{")
    slow = RecordFeatures(sessions, admit=partial(admit, partitions=PARTITIONS), keep_refused=wait)
    holder = asyncio.create_task(slow([replace(orders, records=[bad, orders.records[1]])]))
    await begun.wait()
    waiter = asyncio.create_task(table.record([views]))
    await until_somebody_waits_for_a_lock(sessions)
    assert not waiter.done()
    allowed.set()
    await asyncio.gather(holder, waiter)
    assert (await table.rows())[1, 1]["views_before_first_order"] == 0


async def test_workers_that_meet_at_a_products_row_wait_in_line(table: SqlTable, sessions: Sessions) -> None:
    facts = [
        View(account, product, NOON + timedelta(days=day))
        for day in range(5)
        for product in range(1, 20)
        for account in (1, 2)
    ]

    async def one_partition(number: int) -> None:
        worker = SqlTable(sessions, PARTITIONS)
        pieces = slices_of([fact for fact in facts if fact.account_id % PARTITIONS == number])
        for start in range(0, len(pieces[0].records), 10):
            await worker.record([Slice(pieces[0].partition, start, pieces[0].records[start : start + 10])])

    await asyncio.gather(one_partition(0), one_partition(1))
    assert await table.trends() == trends_table(facts)


async def test_what_comes_after_a_gap_counts_and_so_do_missing_events_that_come_after_all(
    table: SqlTable, sessions: Sessions
) -> None:
    (piece,) = slices_of([view(1), view(2), view(3), view(4)])
    first, second, third, fourth = piece.records
    log = [first, third, third, fourth, second, second]
    for offset, record in enumerate(log):
        await table.record([Slice(VIEWS_1, offset, [replace(record, offset=offset)])])
        if offset == 3:
            assert (await table.rows())[1, 1]["view_count"] == 3
            assert [str(stream) for stream in await amiss(sessions)] == [
                "views/1 viewer: numbers are missing from 2 on, and 4 was seen"
            ]
    assert (await table.rows())[1, 1]["view_count"] == 4
    assert await amiss(sessions) == []
    async with sessions() as session:
        left = await session.execute(text("SELECT last_sequence FROM feature_last_sequences WHERE producer = 'viewer'"))
        assert left.scalars().all() == [4]


async def amiss(sessions: Sessions) -> list[Amiss]:
    async with sessions() as session:
        return await read_amiss(session)


async def give_numbers(sessions: Sessions, last_number: int) -> None:
    """As if so many orders had been placed in shard 1."""
    async with sessions() as session, session.begin():
        await session.execute(
            text("INSERT INTO outbox_shards VALUES (1, :n) ON CONFLICT (shard) DO UPDATE SET last_number = :n"),
            {"n": last_number},
        )


class TestAStrangersNumber:
    """One record of somebody who may write to the topic, between the orders of its partition."""

    ORDERS_1 = Partition("orders", 1)

    async def record(self, table: SqlTable, facts: Sequence[Fact], forged: Record) -> None:
        """The first order, the stranger's record, the other orders."""
        first, *others = numbered_records(facts, PARTITIONS)[self.ORDERS_1]
        await table.record([slice_of(self.ORDERS_1, [first, forged, *others])])

    @pytest.mark.parametrize(
        ("numbering", "number"),
        [("rising", b"9223372036854775807"), ("dense", b"9223372036854775807"), ("dense", b"9"), ("dense", b"-1")],
    )
    @pytest.mark.parametrize("is_event", [True, False])
    async def test_it_makes_no_order_a_repeat(
        self, table: SqlTable, sessions: Sessions, numbering: str, number: bytes, is_event: bool
    ) -> None:
        facts = [order(minute) for minute in range(4)]
        forged = record_of(order(9), SequenceNumber("outbox", 1))
        numbers = {"ce_sequence": number, "ce_numbering": numbering.encode()}
        headers = [(name, numbers.get(name, value)) for name, value in forged.headers]
        await give_numbers(sessions, 4)
        await self.record(table, facts, replace(forged, headers=headers, value=forged.value if is_event else b"{"))
        ours = (await table.rows())[1, 1]["order_count"]
        is_refused = bool(table.dead_letters.by_id)
        assert ours == 4 + (not is_refused)
        assert is_refused == (not is_event or numbering == "rising" or number == b"-1")

    async def test_it_shows_at_once_where_it_is_above_what_the_outbox_has_given(
        self, table: SqlTable, sessions: Sessions
    ) -> None:
        await give_numbers(sessions, 2)
        forged = replace(record_of(order(9), SequenceNumber("outbox", 7)), value=b"{")
        await self.record(table, [order(1), order(2)], forged)
        (stream,) = await amiss(sessions)
        assert (stream.given, stream.highest, stream.has_gap, stream.is_above) == (2, 7, False, True)
        numbers = WatchNumbers(sessions)
        await numbers()
        with pytest.raises(NumbersAmiss, match=r"orders/1 outbox: the number 7 was seen, and the outbox has given 2"):
            await numbers.check()
        assert REGISTRY.get_sample_value("ordercast_worker_above_outbox_shards") == 1
        assert REGISTRY.get_sample_value("ordercast_worker_gap_streams") == 0

    async def test_it_shows_where_a_release_before_has_raised_the_last_number(
        self, table: SqlTable, sessions: Sessions
    ) -> None:
        await give_numbers(sessions, 2)
        await self.record(table, [order(1)], record_of(order(2), SequenceNumber("outbox", 2)))
        assert await amiss(sessions) == []
        async with sessions() as session, session.begin():
            await session.execute(text("UPDATE feature_last_sequences SET last_sequence = 5 WHERE producer = 'outbox'"))
        (stream,) = await amiss(sessions)
        assert (stream.has_gap, stream.is_above, stream.highest) == (False, True, 5)

    async def test_the_next_number_of_the_outbox_moves_its_stream_by_one(
        self, table: SqlTable, sessions: Sessions
    ) -> None:
        """Nobody can tell it from an event of ours that this release cannot read."""
        await give_numbers(sessions, 3)
        forged = replace(record_of(order(9), SequenceNumber("outbox", 2)), value=b"{")
        await table.record([slice_of(self.ORDERS_1, [record_of(order(1), SequenceNumber("outbox", 1)), forged])])
        assert await amiss(sessions) == []
        async with sessions() as session:
            last = await session.execute(
                text("SELECT last_sequence FROM feature_last_sequences WHERE producer = 'outbox'")
            )
            assert last.scalars().all() == [2]


async def test_a_connection_that_dies_in_the_middle_leaves_nothing_behind(table: SqlTable, sessions: Sessions) -> None:
    async def end_all_transactions(_: Sequence[Refused]) -> None:
        async with sessions() as session:
            await session.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )

    (piece,) = slices_of([view(1), view(2)])
    piece.records[1] = replace(piece.records[1], value=b"{")
    record = RecordFeatures(sessions, admit=partial(admit, partitions=PARTITIONS), keep_refused=end_all_transactions)
    with pytest.raises(DBAPIError) as caught:
        await record([piece])
    assert is_unavailable(caught.value)
    assert await table_is_untouched(sessions)
    await table.record([piece])
    assert (await table.rows())[1, 1]["view_count"] == 1


async def test_streams_long_gone_are_forgotten_but_never_the_outboxs_a_replays_or_one_with_a_gap(
    table: SqlTable, sessions: Sessions
) -> None:
    async with sessions() as session, session.begin():
        await session.execute(
            text("""
                INSERT INTO feature_last_sequences (topic, partition, producer, last_sequence, seen_at)
                SELECT 'views', 1, producer, 1, now() - age FROM (VALUES
                    ('outbox', interval '80 days'), ('replay:views:1:7', interval '80 days'),
                    ('gone', interval '8 days'), ('key:1:gone', interval '8 days'), ('here', interval '6 days')
                ) AS old (producer, age)
            """)
        )
        await session.execute(
            text("""
                INSERT INTO feature_last_sequences (topic, partition, producer, last_sequence, seen_at)
                VALUES ('views', 1, 'waits', 1, now() - interval '80 days')
            """)
        )
        await session.execute(text("INSERT INTO feature_sequences_ahead VALUES ('views', 1, 'waits', 3, 4)"))
    await ForgetStreams(sessions)()
    async with sessions() as session:
        left = (await session.execute(text("SELECT producer FROM feature_last_sequences ORDER BY 1"))).scalars()
        assert list(left) == ["here", "outbox", "replay:views:1:7", "waits"]


async def test_a_partition_seen_for_the_first_time_starts_at_its_beginning(sessions: Sessions) -> None:
    place = ReadStartPositions(sessions)
    assert await place([VIEWS_1]) == {VIEWS_1: 0}
    assert await place([VIEWS_1, Partition("orders", 1)]) == {VIEWS_1: 0, Partition("orders", 1): 0}


async def test_prices_keep_their_four_decimals_and_the_largest_fits(table: SqlTable) -> None:
    facts = [Order(1, NOON, (replace_price(Line(1, 1), "99999999.9999"), replace_price(Line(2, 1), "0.0001")))]
    await table.record(slices_of(facts))
    assert await table.rows() == feature_table(facts)


def replace_price(line: Line, price: str) -> Line:
    return line._replace(price=type(line.price)(price))


async def test_a_stranger_without_a_number_is_refused(table: SqlTable) -> None:
    await table.record([slice_of(VIEWS_1, [record_of(view(1), None), record_of(view(1), SequenceNumber("a", 1))])])
    (dead_letter,) = table.dead_letters.by_id.values()
    assert dead_letter.reason.startswith("MissingSequence")
    assert (await table.rows())[1, 1]["view_count"] == 1
