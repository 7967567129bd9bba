"""The cache that all systems of a user share: the broker's jars and its class archive."""

import asyncio
import fcntl
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

# Time (s) between two looks at a lock that somebody else holds.
LOCK_POLL_S: Final = 0.2


def cache_dir() -> Path:
    """ORDERCAST_CACHE_DIR, else `ordercast` below XDG_CACHE_HOME, else below ~/.cache."""
    if own := os.environ.get("ORDERCAST_CACHE_DIR"):
        return Path(own).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser().absolute() / "ordercast"


def remove_unfinished(parent: Path, prefix: str) -> None:
    """Removes the work folders that a killed process has left. Called with the lock held, so nobody works in them."""
    for folder in parent.glob(f"{prefix}*"):
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def exclusive(lock: Path) -> Iterator[None]:
    """Holds a file lock; waits while another process, or another thread of this one, holds it."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@asynccontextmanager
async def exclusive_async(lock: Path) -> AsyncIterator[None]:
    """The same without blocking the event loop, so that a wait can be cancelled."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(LOCK_POLL_S)
        yield
