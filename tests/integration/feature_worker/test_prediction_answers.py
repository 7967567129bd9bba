"""Predictions that were given are kept once each, for as long as they are of use."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from ordercast.contracts.events import PredictionMade
from ordercast.services.feature_worker import prediction_answers
from ordercast.services.feature_worker.prediction_answers import FORGET_EVERY_S, ForgetPredictions
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.features import PREDICTIONS_KEPT_DAYS, PredictionAnswer
from ordercast.services.shared.kafka.ports import Slice
from ordercast.services.shared.kafka.records import Partition, StoredRecord
from tests.support.feature_tables import SqlTable
from tests.support.predictions import VERSION, prediction, prediction_record

PARTITIONS = 2
TODAY = datetime.now(UTC).date()
OLDEST = TODAY - timedelta(days=PREDICTIONS_KEPT_DAYS)


async def kept(sessions: Sessions) -> list[PredictionAnswer]:
    async with sessions() as session:
        return list(await session.scalars(select(PredictionAnswer).order_by(*PredictionAnswer.__table__.primary_key)))


class Predictions:
    """The topic, of which each record is recorded at once."""

    def __init__(self, table: SqlTable) -> None:
        self._table = table
        self._ends: defaultdict[Partition, int] = defaultdict(int)

    async def add(self, said: Iterable[PredictionMade], first: int = 1) -> None:
        """Under the numbers from `first` on, by one transaction for each partition."""
        parts: defaultdict[Partition, list[StoredRecord]] = defaultdict(list)
        for number, one in enumerate(said, start=first):
            place, record = Partition("predictions", one.account_id % PARTITIONS), prediction_record(one, number)
            offset = self._ends[place] + len(parts[place])
            parts[place].append(
                StoredRecord(record.key, record.value, record.headers, record.timestamp_ms, place, offset)
            )
        for place, records in parts.items():
            await self._table.record([Slice(place, self._ends[place], records)])
            self._ends[place] += len(records)


@pytest.fixture
async def predictions(sessions: Sessions) -> Predictions:
    table = SqlTable(sessions, PARTITIONS)
    await table.place([Partition("predictions", number) for number in range(PARTITIONS)])
    return Predictions(table)


async def test_of_the_same_pair_day_and_version_the_first_answer_counts(
    predictions: Predictions, sessions: Sessions
) -> None:
    other = "v20260704T000000-0a1b2c3d"
    said = [
        prediction(1, 5, TODAY),
        prediction(1, 5, TODAY, expected_quantity=7.5),
        prediction(1, 5, TODAY, model_version=other, low=2, high=3),
        prediction(1, 5, TODAY + timedelta(days=1), horizon_days=1),
        prediction(2, 5, TODAY, expected_quantity=0.1),
    ]
    await predictions.add(said)
    await predictions.add([prediction(3, 5, TODAY)], first=3)  # a number that was seen: a repeat by its producer
    await predictions.add([prediction(1, 5, TODAY, expected_quantity=8.0), prediction(3, 5, TODAY)], first=8)
    rows = await kept(sessions)
    assert [(row.account_id, row.starts_on, row.model_version, row.expected_quantity) for row in rows] == [
        (1, TODAY, VERSION, 2.0),
        (1, TODAY, other, 2.0),
        (1, TODAY + timedelta(days=1), VERSION, 2.0),
        (2, TODAY, VERSION, 0.1),
        (3, TODAY, VERSION, 2.0),
    ]
    first, by_other, next_day = rows[:3]
    assert (first.made_at, first.ends_on) == (said[0].made_at, TODAY + timedelta(days=27))
    assert (by_other.low, by_other.high, by_other.level, by_other.naive_quantity) == (2, 3, 0.9, 1.0)
    assert next_day.ends_on == next_day.starts_on


async def test_old_predictions_are_deleted_bit_by_bit(
    sessions: Sessions, predictions: Predictions, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = [OLDEST - timedelta(days=400), OLDEST - timedelta(days=1), OLDEST, TODAY]
    await predictions.add([prediction(1, 5, day) for day in days])
    monkeypatch.setattr(prediction_answers, "FORGET_ROWS", 1)
    forget = ForgetPredictions(sessions)
    assert [await forget(), await forget(), await forget()] == [0.0, 0.0, FORGET_EVERY_S]
    assert [row.starts_on for row in await kept(sessions)] == [OLDEST, TODAY]
