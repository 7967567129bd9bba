"""Streams that keep one of the console's connections for as long as somebody reads them: bounded, so that pages have some, too."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

# Of all browsers at once: events and trainings that somebody follows.
MOST_STREAMS: Final = 12


class Streams:
    """How many are open."""

    def __init__(self, most: int = MOST_STREAMS) -> None:
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
