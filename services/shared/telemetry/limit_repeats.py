"""At most one line a second for each cause, so that a server that is away does not fill the log with one for each request."""

import time
from collections.abc import Callable
from typing import Final

import structlog
from structlog.typing import EventDict, WrappedLogger

# Between two lines of the same cause (s).
INTERVAL_S: Final = 1.0
# Causes that are remembered; texts that differ each time must not fill the memory.
MAX_CAUSES: Final = 1_000


class LimitRepeats:
    """A processor of structlog. Lines that carry `cause` are limited by their event and cause; all others pass.

    `cause` tells why something has to wait, `reason` why something is refused or ends: each such line counts.
    The next line that passes says in `left_out` how many did not.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}  # when it was last shown, and what was left out since

    def __call__(self, _: WrappedLogger, __: str, event: EventDict) -> EventDict:
        if "cause" not in event:
            return event
        now, key = self._clock(), (str(event["event"]), str(event["cause"]))
        shown_at, left_out = self._seen.pop(key, (now - INTERVAL_S, 0))
        if now - shown_at < INTERVAL_S:
            self._seen[key] = shown_at, left_out + 1
            raise structlog.DropEvent
        if len(self._seen) >= MAX_CAUSES:
            self._seen.pop(next(iter(self._seen)))  # the one that was logged the longest ago
        self._seen[key] = now, 0
        if left_out:
            event["left_out"] = left_out
        return event
