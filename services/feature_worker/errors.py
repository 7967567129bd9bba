"""What can go wrong in the feature worker: transient errors are tried again, alarms end the process."""

from collections.abc import Mapping
from typing import Final

from ordercast.services.shared.kafka.errors import PositionOutsideLog, RecordRefused, RecordTooLarge
from ordercast.services.shared.kafka.records import Partition


class FeatureWorkerError(Exception):
    """The tree's root."""


class Transient(FeatureWorkerError):
    """The same events may be applied later; nothing of this try was kept."""


class PositionMoved(Transient):
    """A partition's position is not where this worker left it: another worker owns it, or a lost commit had passed."""

    def __init__(self, partition: Partition, expected: int, stored: int | None) -> None:
        super().__init__(f"{partition.topic}/{partition.number} stands at {stored}, not at {expected}")
        self.partition = partition


class Alarm(FeatureWorkerError):
    """Going on would lose or double events, or cannot succeed: the process stops and somebody has to look."""


class TooManyDeadLetters(FeatureWorkerError):
    """So many events were refused, in a row or of the last ones, that somebody has to look. It stops nothing: whoever can write to
    a topic could stop the worker with it. Each refused event waits in the dead letters."""


class NumbersAmiss(FeatureWorkerError):
    """Numbers of a stream are missing, or were seen before they were given. For /readyz; what can be applied is applied."""


class Stuck(Alarm):
    """Events wait and none is applied, or the database or the broker stays away."""


class NothingToRepair(FeatureWorkerError):
    """A stream that somebody wants to repair has all its numbers."""


class RebuildRefused(Alarm):
    """The rebuilt table was not put in place; the live one is untouched."""


# What the next start meets again, until somebody has looked: each with its name in the metrics.
LASTING: Final[Mapping[type[Exception], str]] = {
    PositionOutsideLog: "position_outside_log",
    RecordTooLarge: "record_too_large",
    RecordRefused: "dead_letter_refused",
}
