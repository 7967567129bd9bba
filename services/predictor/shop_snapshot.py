"""The activity of the shop in memory, read again when the worker has changed it, and the features of the moments asked for."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final

from ordercast.contracts.because import sentence
from ordercast.contracts.model_manifest import TopicPosition
from ordercast.services.predictor.counted_until import CountedUntil, read_counted_last, read_numbers
from ordercast.services.predictor.errors import ActivityNotRead, InvalidQuestion
from ordercast.services.predictor.model_slot import ServedDemand
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.read_activity import ActivityRows, read_activity, read_activity_positions
from ordercast.services.shared.db.repeat import repeat
from ordercast.services.shared.demand.activity import Activity, activity_of
from ordercast.services.shared.demand.features import Features, features_at

# A look at the worker's positions and numbers, a few rows for each partition (s): how far answers are behind what it has counted.
LOOK_EVERY_S: Final = 2.0
# Reading takes at most a tenth of the time: after one that took so long there is a pause of nine times that.
PAUSE_FACTOR: Final = 9.0
# Moments whose features are kept: each takes some 300 bytes for a pair, and is made again in about a second.
MAX_MOMENTS: Final = 4

_EPOCH: Final = date(1970, 1, 1)


def moment_of(as_of: date | None) -> int:
    """The day before which everything is known, counted from 1970-01-01: the one after `as_of`, or tomorrow (UTC).

    Raises:
        InvalidQuestion: `as_of` lies in the future.
    """
    today = datetime.now(UTC).date()
    if as_of is not None and as_of > today:
        raise InvalidQuestion(
            sentence("day-in-the-future", day=str(as_of), today=str(today)),
            fields={"as_of": "must not lie in the future"},
        )
    return ((as_of or today) - _EPOCH).days + 1


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All activity of one moment of the record; features of a moment are made when they are first asked for."""

    activity: Activity
    positions: tuple[TopicPosition, ...]
    first_day: date | None  # None: nothing has happened yet
    _making: asyncio.Lock = field(default_factory=asyncio.Lock)
    _features: OrderedDict[tuple[int, bool], Features] = field(default_factory=OrderedDict)

    async def features(self, moment: int, *, before: bool = False) -> Features:
        """Made in a thread, one moment at a time, so that many dates asked for at once do not take all threads.

        `before`: as a version of a release before learned from them.

        Raises:
            InvalidQuestion: nothing was known then.
        """
        if self.first_day is not None and moment <= (self.first_day - _EPOCH).days:
            raise InvalidQuestion(
                sentence("nothing-known-then", day=str(self.first_day)),
                fields={"as_of": f"must be {self.first_day} or later"},
            )
        key = moment, before
        if key not in self._features:
            async with self._making:
                if key not in self._features:
                    made = await asyncio.to_thread(features_at, self.activity, moment, before=before)
                    self._features[key] = made
                    while len(self._features) > MAX_MOMENTS:
                        self._features.popitem(last=False)
                    return made
        self._features.move_to_end(key)
        return self._features[key]


class Shop:
    """Holds the newest snapshot while a version is served that needs one, with the features that it is asked by."""

    def __init__(self, sessions: Sessions, served: Callable[[], ServedDemand | None]) -> None:
        self._sessions = sessions
        self._served = served
        self._snapshot: Snapshot | None = None
        self._counted = CountedUntil()
        self._as_of: datetime | None = None

    @property
    def snapshot(self) -> Snapshot | None:
        """The newest, if one was read."""
        return self._snapshot

    def take(self) -> tuple[Snapshot, datetime]:
        """What answers a request from its start to its end, and up to when all acknowledged orders are in it.

        Raises:
            ActivityNotRead: it was not read yet.
        """
        if self._snapshot is None or self._as_of is None:
            raise ActivityNotRead(sentence("activity-not-read"))
        return self._snapshot, self._as_of

    async def follow(self) -> None:
        """Reads at once and whenever the worker has moved on, until it is cancelled; a database that is away is waited for."""
        await repeat(self._look, asyncio.Event(), name="follow-activity")

    async def _look(self) -> float:
        served = self._served()
        if served is None:
            self._snapshot = self._as_of = None
            self._counted = CountedUntil()
            return LOOK_EVERY_S
        started, seen_at = time.monotonic(), datetime.now(UTC)
        async with self._sessions() as session:
            numbers = await read_numbers(session)  # before the positions: what these count is in the snapshot
            positions = await read_activity_positions(session)
            counted_last = None if self._as_of else await read_counted_last(session)
        if self._snapshot is None or positions != self._snapshot.positions:
            rows = await read_activity(self._sessions)
            snapshot = await asyncio.to_thread(_snapshot, rows)
            await snapshot.features(moment_of(None), before=served.model.before)
            self._snapshot = snapshot
        # A predictor that starts behind a worker which is behind knows no more than when that last counted.
        self._as_of = self._counted.look(seen_at, numbers) or self._as_of or counted_last or seen_at
        return max(LOOK_EVERY_S, PAUSE_FACTOR * (time.monotonic() - started))


def _snapshot(rows: ActivityRows) -> Snapshot:
    activity = activity_of(rows.columns)
    known_on = activity.row_known_on
    return Snapshot(
        activity,
        rows.positions,
        _EPOCH + timedelta(days=int(known_on[0])) if len(known_on) else None,
    )
