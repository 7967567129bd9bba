"""The activity by day comes out of PostgreSQL as it stands there, up to a day and no further."""

import threading
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pytest
from numpy.typing import NDArray

from ordercast.contracts.model_manifest import TopicPosition
from ordercast.services.shared.db.engine import Sessions, open_database
from ordercast.services.shared.db.features import FeaturePosition, PairActivity
from ordercast.services.shared.db.read_activity import columns_of, read_activity
from ordercast.services.shared.demand.activity import COLUMNS, activity_of

FIRST, SECOND = date(2024, 2, 29), date(2024, 3, 1)
EARLY = {
    "account_id": 7,
    "product_id": 2**40,
    "day": FIRST,
    "known_on": FIRST,
    "first_lines": 1,
    "quantity": 3,
    "amount": Decimal("7.4999"),
    "cancelled_quantity": 0,
    "views": 10**9,
    "carts": 2,
}
LATE = {**EARLY, "known_on": SECOND, "quantity": 0, "amount": Decimal(0), "cancelled_quantity": 3, "first_lines": 0}


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[Sessions]:
    async with open_database(database_url, application="tests") as sessions:
        async with sessions() as session, session.begin():
            session.add_all([PairActivity(**EARLY), PairActivity(**LATE)])
            session.add(FeaturePosition(topic="orders", partition=1, next_offset=8, updated_at=datetime.now(UTC)))
        yield sessions


def days(day: date) -> int:
    return (day - date(1970, 1, 1)).days


async def test_rows_are_whole_numbers_with_the_positions_of_their_moment(sessions: Sessions) -> None:
    read = await read_activity(sessions)

    rows = sorted(zip(*(read.columns[name].tolist() for name in COLUMNS), strict=True))
    early = (7, 2**40, days(FIRST), days(FIRST), 1, 3, 74_999, 0, 10**9, 2)
    assert rows == [early, (7, 2**40, days(FIRST), days(SECOND), 0, 0, 0, 3, 10**9, 2)]
    assert read.positions == (TopicPosition("orders", 1, 8),)
    assert activity_of(read.columns).sums["views"].sum() == 2 * 10**9


async def test_the_rows_of_a_large_shop_keep_nobody_waiting(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = set[int]()

    def in_its_thread(copied: bytearray) -> dict[str, NDArray[np.int64]]:
        threads.add(threading.get_ident())
        return columns_of(copied)

    monkeypatch.setattr("ordercast.services.shared.db.read_activity.columns_of", in_its_thread)
    await read_activity(sessions)
    assert threads - {threading.get_ident()} == threads != set()


async def test_what_came_to_be_known_on_the_day_or_later_is_left_out(sessions: Sessions) -> None:
    read = await read_activity(sessions, until=SECOND)
    assert read.columns["known_on"].tolist() == [days(FIRST)]


async def test_an_amount_that_no_price_can_have_come_from_stops_nothing(sessions: Sessions) -> None:
    async with sessions() as session, session.begin():
        session.add(PairActivity(**{**EARLY, "account_id": 8, "amount": Decimal(10) ** 30}))
    assert (await read_activity(sessions)).columns["amount"].max() == 2**52


async def test_without_activity_the_columns_are_empty(database_url: str) -> None:
    async with open_database(database_url, application="tests") as sessions:
        read = await read_activity(sessions)
    assert {name: len(column) for name, column in read.columns.items()} == dict.fromkeys(COLUMNS, 0)
