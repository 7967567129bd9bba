"""The same for tests without asyncio."""

from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from ordercast.testing.background import Background, in_background
from ordercast.testing.driver import Ordercast, open_ordercast
from ordercast.testing.system import SystemUnderTest

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class BlockingOrdercast:
    """`blocking.run(blocking.ordercast.customer())` waits for the customer, in a plain function."""

    _background: Background[Ordercast]

    @property
    def ordercast(self) -> Ordercast:
        """Use what it gives in `run` alone: it belongs to a loop in another thread."""
        return self._background.value

    def run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """The coroutine's result, when it has one."""
        return self._background.run(coroutine)


@contextmanager
def open_blocking(system: SystemUnderTest) -> Iterator[BlockingOrdercast]:
    """Clients of a running system, for code that cannot await."""
    with in_background(lambda: open_ordercast(system)) as background:
        yield BlockingOrdercast(background)
