"""What the service itself asks of a Dask cluster: whether it can be used. Dask is imported by the training process alone."""

import asyncio
from importlib.util import find_spec
from typing import Final
from urllib.parse import urlsplit

from ordercast.services.trainer.errors import ClusterFailed

# A scheduler that has not taken a connection by then (s) is not there.
CONNECT_WITHIN_S: Final = 5.0


def refuse_missing_package() -> None:
    """Raises ClusterFailed unless the package `distributed` is installed."""
    if find_spec("distributed") is None:
        raise ClusterFailed("trainings on a Dask cluster need the package distributed: install ordercast[dask]")


async def ask_scheduler(address: str) -> None:
    """Connects to the scheduler at `address` (tcp://host:port). Raises ClusterFailed if it does not take the connection."""
    parts = urlsplit(address)
    try:
        async with asyncio.timeout(CONNECT_WITHIN_S):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    except (OSError, TimeoutError) as error:
        reason = getattr(error, "strerror", None) or "no answer in time"
        raise ClusterFailed(f"no Dask scheduler answers at {address}: {reason}") from error
    writer.close()
