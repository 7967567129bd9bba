"""How a program imports what it runs, as it starts."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from ordercast.services.shared.import_without import import_without

# structlog takes it, and Pygments with it, for pictures of tracebacks, which no service draws (see `telemetry.logs`).
UNUSED: Final = frozenset({"rich"})


@contextmanager
def quick_imports(without: frozenset[str] = UNUSED) -> Iterator[None]:
    """Looks for no garbage while the block imports, and leaves what was imported out of every later look.

    What is imported stays, and each look walks through all of it: as it grows to a thousand modules, again and again.
    """
    gc.disable()
    try:
        with import_without(without):
            yield
    finally:
        gc.freeze()
        gc.enable()
