"""How many records of a partition may be refused before somebody has to look: in a row, and among its last ones. Pure.

A single bad record is the data's fault; many say that a release, a producer or a stranger is. Each waits in the dead letters, and
the good ones among them are applied: nobody who can write to a topic may stop that.
"""

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping

from ordercast.services.feature_worker.errors import TooManyDeadLetters
from ordercast.services.shared.kafka.admit import Refused
from ordercast.services.shared.kafka.dead_letter_limits import WINDOW
from ordercast.services.shared.kafka.records import Partition


def check_in_a_row(refused: Iterable[Refused], known: Mapping[Partition, Collection[int]], limit: int) -> None:
    """Looks at the run of offsets that ends with each refused record. `known` are the offsets that were refused before them.

    A run is counted up to `WINDOW`, as far back as `known` goes: a larger limit is none.

    Raises:
        TooManyDeadLetters: more than `limit` records one after the other were refused.
    """
    runs: dict[Partition, range] = {}
    for partition, offsets in known.items():
        for offset in sorted(offsets):
            runs[partition] = _longer(runs.get(partition), offset)
    for event in refused:
        run = runs[event.record.partition] = _longer(runs.get(event.record.partition), event.record.offset)
        if len(run) > limit:
            raise _too_many(event, f"{len(run)} events in a row", "ORDERCAST_MAX_DEAD_LETTERS_IN_A_ROW")


def check_ratio(refused: Iterable[Refused], known: Mapping[Partition, Collection[int]], ratio: float) -> None:
    """Looks at the window that ends with each refused record. `known` are the offsets that were refused before them.

    Raises:
        TooManyDeadLetters: more than `ratio` of a window was refused.
    """
    windows: dict[Partition, deque[int]] = defaultdict(deque)
    for partition, offsets in known.items():
        windows[partition].extend(sorted(offsets))
    for event in refused:
        window = windows[event.record.partition]
        window.append(event.record.offset)
        while window[0] <= event.record.offset - WINDOW:
            window.popleft()
        if len(window) > ratio * WINDOW:
            raise _too_many(event, f"{len(window)} of the last {WINDOW:,} events", "ORDERCAST_MAX_DEAD_LETTER_RATIO")


def _longer(run: range | None, offset: int) -> range:
    """The run of refused offsets that ends with `offset`, its last `WINDOW`."""
    start = run.start if run is not None and run.stop == offset else offset
    return range(max(start, offset + 1 - WINDOW), offset + 1)


def _too_many(event: Refused, how_many: str, setting: str) -> TooManyDeadLetters:
    topic, number = event.record.partition
    return TooManyDeadLetters(
        f"{how_many} of {topic}/{number} were refused, the last one because of {event.reason[:200]}. They wait in the "
        f"dead letters ({setting})"
    )
