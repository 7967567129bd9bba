"""A training knows no more than what is asked of a predictor now: an event may lie a day ahead."""

from datetime import UTC, date, datetime, timedelta

import pytest

from ordercast.services.shared.db.features import PairActivity
from ordercast.services.trainer.errors import UnusableTrainingSet
from ordercast.services.trainer.jobs.read_demand_rows import read_demand_rows
from tests.integration.trainer.conftest import Workplace

TODAY = datetime.now(UTC).date()


def viewed(product_id: int, day: date) -> PairActivity:
    return PairActivity(account_id=1, product_id=product_id, day=day, known_on=day, views=1)


async def test_events_of_tomorrow_are_known_tomorrow(workplace: Workplace) -> None:
    with pytest.raises(UnusableTrainingSet, match=r"nothing was ordered or viewed$"):
        await read_demand_rows(workplace.sessions, None)
    async with workplace.sessions() as session, session.begin():
        session.add_all([viewed(number, TODAY + timedelta(days=number)) for number in (-1, 0, 1)])
    known = await read_demand_rows(workplace.sessions, None)
    assert date(1970, 1, 1) + timedelta(days=int(known.columns["known_on"].max())) == TODAY
    assert len(known.columns["day"]) == 2
    assert len((await read_demand_rows(workplace.sessions, TODAY)).columns["day"]) == 1
