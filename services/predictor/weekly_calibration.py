"""Intervals of a served version, calibrated anew each week by what came to be known since its training."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

import structlog

from ordercast.services.predictor.model_slot import ServedDemand
from ordercast.services.predictor.shop_snapshot import Snapshot, moment_of
from ordercast.services.shared.demand.recalibrate import calibration_day, recalibrated

log = structlog.stdlib.get_logger()

# A look at whether a week is over or another version served (s).
LOOK_EVERY_S: Final = 2.0
# Versions that are kept calibrated: the current week's, and weeks asked for with `as_of`. Some 100 kB each.
MAX_KEPT: Final = 8

_EPOCH: Final = date(1970, 1, 1)
_Key = tuple[str, int]  # version, day of the calibration


class WeeklyCalibration:
    """Calibrating reads some weeks of activity, for some seconds in a large shop, so it is done in a thread, one at a time."""

    def __init__(self, served: Callable[[], ServedDemand | None], snapshot: Callable[[], Snapshot | None]) -> None:
        self._served = served
        self._snapshot = snapshot
        self._calibrated: OrderedDict[_Key, ServedDemand] = OrderedDict()
        self._calibrating = asyncio.Lock()

    async def of(self, served: ServedDemand, snapshot: Snapshot, as_of: date | None) -> ServedDemand:
        """The version as it is to answer: for now as it was calibrated last, for a past date as it would have been then."""
        if as_of is None:
            return self._newest(served)
        return await self._at(served, snapshot, moment_of(as_of))

    async def follow(self) -> None:
        """Calibrates the served version at the start of each of its weeks, until it is cancelled."""
        while True:
            served, snapshot = self._served(), self._snapshot()
            if served is not None and snapshot is not None:
                await self._at(served, snapshot, moment_of(None))
            await asyncio.sleep(LOOK_EVERY_S)

    def _newest(self, served: ServedDemand) -> ServedDemand:
        """Until this week's is made, the last week's answers: no request about now waits for it."""
        days = [day for version, day in self._calibrated if version == served.version]
        return self._calibrated[served.version, max(days)] if days else served

    async def _at(self, served: ServedDemand, snapshot: Snapshot, moment: int) -> ServedDemand:
        until = (served.manifest.data.until - _EPOCH).days
        day = calibration_day(moment, until)
        if day == until:
            return served
        key = served.version, day
        async with self._calibrating:
            if key not in self._calibrated:
                self._calibrated[key] = await asyncio.to_thread(_calibrated, served, snapshot, until, day)
                log.info(
                    "intervals calibrated anew", version=served.version, known_until=str(_EPOCH + timedelta(days=day))
                )
                while len(self._calibrated) > MAX_KEPT:
                    self._calibrated.popitem(last=False)
            self._calibrated.move_to_end(key)
            return self._calibrated[key]


def _calibrated(served: ServedDemand, snapshot: Snapshot, until: int, day: int) -> ServedDemand:
    horizon = served.manifest.horizon_days
    calibrations = recalibrated(served.model, snapshot.activity, until, day, horizon)
    return replace(served, model=replace(served.model, calibrations=calibrations))
