"""How long events have waited, told from the ends of the partitions over time.

The events' own times would not do: a shop's history is old when it comes in, and yet nothing lags.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from ordercast.services.shared.kafka.records import Partition

# Sightings kept for a partition: hours of one every two seconds. Beyond that every second one goes.
MAX_SIGHTINGS: Final = 4_096


class _Sighting(NamedTuple):
    """At `seen_at` (s) the partition ended before the offset `end`, for the first time."""

    end: int
    seen_at: float


class LagSeconds:
    """Remembers when the events that still wait were first seen. It knows of none before its own first look."""

    def __init__(self) -> None:
        self._sightings: dict[Partition, list[_Sighting]] = {}

    def look(
        self, positions: Mapping[Partition, int], ends: Mapping[Partition, int], now: float
    ) -> dict[Partition, float]:
        """Seconds since the oldest event that waits behind each position was seen; 0 where none waits.

        It was there before it was seen, by one interval between two looks at most.
        """
        self._sightings = {
            partition: _updated(self._sightings.get(partition, []), position, ends.get(partition, 0), now)
            for partition, position in positions.items()
        }
        return {
            partition: now - sightings[0].seen_at if sightings else 0.0
            for partition, sightings in self._sightings.items()
        }


def _updated(sightings: list[_Sighting], position: int, end: int, now: float) -> list[_Sighting]:
    waiting = [sighting for sighting in sightings if sighting.end > position]
    if end > max(position, waiting[-1].end if waiting else 0):
        waiting.append(_Sighting(end, now))
    return waiting if len(waiting) <= MAX_SIGHTINGS else waiting[::2]
