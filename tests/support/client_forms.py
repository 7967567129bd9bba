"""The client without asyncio, to be tested as the one with it: what there is a coroutine runs in a thread here."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any, Final, cast

from ordercast.client import Addresses, Client
from ordercast.client.blocking import open_client as open_blocking
from ordercast.client.request import RETRY_FOR_S

_FOLDER: Final = ".blocking"
_END: Final = object()


class InThreads:
    """An object of `ordercast.client.blocking` with the methods of its counterpart."""

    def __init__(self, blocking: Any) -> None:
        self._blocking = blocking
        kind = type(blocking)
        self._counterpart = getattr(import_module(kind.__module__.replace(_FOLDER, "")), kind.__name__)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._blocking, name)
        model = getattr(self._counterpart, name, None)
        if inspect.isasyncgenfunction(model):
            return lambda *args, **others: _each(found(*args, **others))
        if inspect.iscoroutinefunction(model):

            async def called(*args: Any, **others: Any) -> Any:
                return _shown(await asyncio.to_thread(found, *args, **others))

            return called
        return (lambda *args, **others: _shown(found(*args, **others))) if callable(found) else _shown(found)


def _shown(value: Any) -> Any:
    return InThreads(value) if _FOLDER in type(value).__module__ else value


async def _each(values: Iterator[Any]) -> AsyncIterator[Any]:
    while (value := await asyncio.to_thread(next, values, _END)) is not _END:
        yield value


@asynccontextmanager
async def open_in_threads(
    addresses: Addresses, *, connections: int = 8, retry_for_s: float = RETRY_FOR_S
) -> AsyncIterator[Client]:
    """As `ordercast.client.open_client`."""
    with open_blocking(addresses, connections=connections, retry_for_s=retry_for_s) as client:
        yield cast("Client", InThreads(client))
