"""How many streams of the feed may be open at once: each holds a connection to Kafka and what it has fetched."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from ordercast.services.order_api.errors import TooManyStreams


class BoundStreams:
    """The streams of this process."""

    def __init__(self, *, in_all: int, of_caller: int) -> None:
        self._in_all = in_all
        self._of_caller = of_caller
        self._open: Counter[int] = Counter()

    @property
    def open(self) -> int:
        return self._open.total()

    @contextmanager
    def opened(self, account_id: int) -> Iterator[None]:
        """
        Raises:
            TooManyStreams: the account has as many as it may, or all have.
        """
        if self._open[account_id] >= self._of_caller:
            raise TooManyStreams(f"the account has {self._of_caller} streams of events open: end one of them")
        if self.open >= self._in_all:
            raise TooManyStreams(f"{self._in_all} streams of events are open")
        self._open[account_id] += 1
        try:
            yield
        finally:
            self._open[account_id] -= 1
            self._open += Counter()  # forgets who has none
