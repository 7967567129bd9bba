"""Streams that go on for as long as somebody reads them: bounded, so that pages have connections and time, too."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

# Of all browsers at once: events and trainings that somebody follows, each with one of the console's connections.
MOST_STREAMS: Final = 12
# Likewise, the flow and orders on their way: each is drawn anew every two seconds, and an order asks some ten parts for that.
MOST_DRAWN: Final = 24


class Streams:
    """How many are open."""

    def __init__(self, most: int) -> None:
        self.open = 0
        self._most = most

    @property
    def are_full(self) -> bool:
        return self.open >= self._most

    @contextmanager
    def opened(self) -> Iterator[None]:
        self.open += 1
        try:
            yield
        finally:
            self.open -= 1
