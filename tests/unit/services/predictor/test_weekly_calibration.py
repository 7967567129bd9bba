"""Which calibration answers: this week's for now, that of its own week for a past date, the training's before its end."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from ordercast.contracts.demand_manifest import DemandData
from ordercast.services.predictor.load_demand import load_demand
from ordercast.services.predictor.model_slot import ServedDemand
from ordercast.services.predictor.shop_snapshot import Snapshot
from ordercast.services.predictor.weekly_calibration import MAX_KEPT, WeeklyCalibration
from ordercast.services.shared.demand.activity import activity_of
from ordercast.services.shared.demand.recalibrate import recalibrated
from tests.support.demand_versions import write_demand
from tests.support.market_shop import UNTIL, market_rows

TODAY = datetime.now(UTC).date()
# Of the shop, and of the version's training.
TRAINED_UNTIL = TODAY - timedelta(days=90)


@cache
def snapshot() -> Snapshot:
    """A simulated year that ends today."""
    columns, later = market_rows().columns, (TODAY - UNTIL).days
    moved = {name: column + later if name in ("day", "known_on") else column for name, column in columns.items()}
    return Snapshot(activity_of(moved), (), TODAY - timedelta(days=365))


@pytest.fixture
def served(tmp_path: Path) -> ServedDemand:
    data = DemandData(1_000, "0" * 64, TRAINED_UNTIL - timedelta(days=275), TRAINED_UNTIL, ())
    written = write_demand(tmp_path, data=data)
    return load_demand(tmp_path, written.version, written.manifest_sha256)


def of_week(served: ServedDemand, weeks: int) -> object:
    until = (TRAINED_UNTIL - date(1970, 1, 1)).days
    return recalibrated(served.model, snapshot().activity, until, until + 7 * weeks, 28)["week"].scores.tolist()


async def test_a_past_date_is_answered_by_what_was_known_at_the_start_of_its_week(served: ServedDemand) -> None:
    calibration = WeeklyCalibration(lambda: None, lambda: None)
    for days, weeks in ((13, 2), (19, 2), (20, 3)):  # what is known at the end of a day is known before the next
        found = await calibration.of(served, snapshot(), TRAINED_UNTIL + timedelta(days=days))
        assert found.model.calibrations["week"].scores.tolist() == of_week(served, weeks)
        assert found.version == served.version
        assert found.model.calibrations["pair"] is not served.model.calibrations["pair"]
    assert of_week(served, 2) != of_week(served, 3)


async def test_before_the_training_s_end_and_in_the_week_after_it_the_training_s_calibration_answers(
    served: ServedDemand,
) -> None:
    calibration = WeeklyCalibration(lambda: None, lambda: None)
    for days in (-200, -1, 0, 5):
        assert await calibration.of(served, snapshot(), TRAINED_UNTIL + timedelta(days=days)) is served


async def test_weeks_that_were_asked_for_are_kept_but_not_all_of_them(served: ServedDemand) -> None:
    calibration = WeeklyCalibration(lambda: None, lambda: None)

    async def asked(weeks: int) -> ServedDemand:
        return await calibration.of(served, snapshot(), TRAINED_UNTIL + timedelta(days=7 * weeks))

    first = await asked(1)
    assert await asked(1) is first
    for weeks in range(2, MAX_KEPT + 2):
        await asked(weeks)
    assert await asked(1) is not first
    assert (await asked(1)).model.calibrations.keys() == first.model.calibrations.keys()


async def test_now_is_answered_by_this_week_s_calibration_once_it_is_made_and_waits_for_none(
    served: ServedDemand,
) -> None:
    calibration = WeeklyCalibration(lambda: served, snapshot)
    assert await calibration.of(served, snapshot(), None) is served
    following = asyncio.create_task(calibration.follow())
    try:
        async with asyncio.timeout(120):
            while await calibration.of(served, snapshot(), None) is served:
                await asyncio.sleep(0.01)
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
    found = await calibration.of(served, snapshot(), None)
    assert found.model.calibrations["week"].scores.tolist() == of_week(served, 13)
