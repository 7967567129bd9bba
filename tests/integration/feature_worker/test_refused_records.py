"""What the worker refuses becomes dead letters, and too many of them an alarm."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import pytest

from ordercast.services.feature_worker.record_features import RecordFeatures
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.kafka.admit import Refused, admit
from ordercast.services.shared.kafka.dead_letter_limits import WINDOW, Limits
from ordercast.services.shared.kafka.errors import BrokerUnavailable
from ordercast.services.shared.kafka.ports import Slice
from ordercast.services.shared.kafka.records import StoredRecord
from tests.support.feature_records import VIEWS_1, slices_of, view
from tests.support.feature_tables import DeadLettersInMemory, SqlTable, read_rows, table_is_untouched
from tests.support.histories import PARTITIONS


async def test_a_refused_record_becomes_a_dead_letter_and_the_rest_goes_on(table: SqlTable, sessions: Sessions) -> None:
    (piece,) = slices_of([view(1), view(2), view(3)])
    piece.records[1] = replace(piece.records[1], value=b"{")
    await table.record([piece])
    assert list(table.dead_letters.by_id) == ["views:1:1"]
    assert (await table.rows())[1, 1]["view_count"] == 2
    assert (await table.place([VIEWS_1]))[VIEWS_1] == 3


async def test_if_a_refused_record_cannot_become_a_dead_letter_nothing_is_done(
    table: SqlTable, sessions: Sessions
) -> None:
    async def away(_: Sequence[Refused]) -> None:
        raise BrokerUnavailable("away")

    (piece,) = slices_of([view(1), view(2)])
    piece.records[1] = replace(piece.records[1], value=b"{")
    record = RecordFeatures(sessions, admit=partial(admit, partitions=PARTITIONS), keep_refused=away)
    with pytest.raises(BrokerUnavailable):
        await record([piece])
    assert await table_is_untouched(sessions)


class TestTooManyRefused:
    """A hundred bad events say that the data is bad; a hundred in a row, that somebody has to look."""

    @pytest.fixture
    def dead_letters(self) -> DeadLettersInMemory:
        return DeadLettersInMemory()

    @pytest.fixture(autouse=True)
    async def _placed(self, table: SqlTable) -> None:
        """The partitions have positions."""

    def log(self, pattern: str) -> list[StoredRecord]:
        """Good (+) and bad (-) records."""
        facts = [view(minute) for minute in range(len(pattern))]
        (piece,) = slices_of(facts)
        return [
            record if kind == "+" else replace(record, value=b"{")
            for record, kind in zip(piece.records, pattern, strict=True)
        ]

    async def alarms(
        self, sessions: Sessions, dead_letters: DeadLettersInMemory, pattern: str, ends: Sequence[int], limits: Limits
    ) -> list[str]:
        """What is said of each batch; each goes to a worker that has just started."""
        said, log, start = list[str](), self.log(pattern), 0
        for end in ends:
            admit_here = partial(admit, partitions=PARTITIONS)
            record = RecordFeatures(sessions, admit=admit_here, keep_refused=dead_letters, limits=limits)
            recorded = await record([Slice(VIEWS_1, start, log[start:end])])
            said.append(str(recorded.alarm or ""))
            start = end
        assert len(dead_letters.by_id) == pattern.count("-")
        assert (await read_rows(sessions))[1, 1]["view_count"] == pattern.count("+")
        return said

    async def test_so_many_in_a_row_become_dead_letters(
        self, sessions: Sessions, dead_letters: DeadLettersInMemory
    ) -> None:
        assert await self.alarms(sessions, dead_letters, "---+---", [7], Limits(3, 1.0)) == [""]

    async def test_one_more_raises_the_alarm_and_the_flow_goes_on(
        self, sessions: Sessions, dead_letters: DeadLettersInMemory
    ) -> None:
        (alarm,) = await self.alarms(sessions, dead_letters, "+----+", [6], Limits(3, 1.0))
        assert alarm.startswith("4 events in a row of views/1 were refused, the last one because of MalformedEvent")

    async def test_they_are_counted_over_batches_and_restarts(
        self, sessions: Sessions, dead_letters: DeadLettersInMemory
    ) -> None:
        said = await self.alarms(sessions, dead_letters, "--+-----+", [2, 4, 6, 7, 9], Limits(3, 1.0))
        assert [alarm[:19] for alarm in said] == ["", "", "", "4 events in a row o", "5 events in a row o"]

    async def test_good_ones_in_between_do_not_hide_that_too_many_are_bad(
        self, sessions: Sessions, dead_letters: DeadLettersInMemory
    ) -> None:
        limits = Limits(in_a_row=3, ratio=10 / WINDOW)
        pattern = "-+" * 10 + "+" * 5 + "-"
        *before, last = await self.alarms(sessions, dead_letters, pattern, [*range(5, 30, 5), 26], limits)
        assert before == [""] * 5
        assert last.startswith("11 of the last 1,000 events of views/1 ")
        assert "DEAD_LETTER_RATIO" in last
