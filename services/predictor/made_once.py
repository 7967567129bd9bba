"""What is made of all that is known at a moment: once for all who ask, and gone with the features of the moment."""

import asyncio
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from ordercast.services.shared.demand.features import Features

Answer = TypeVar("Answer")


class MadeOnce(Generic[Answer]):
    """In a large shop one takes longer than a page may."""

    def __init__(self) -> None:
        self._made: WeakKeyDictionary[Features, dict[Hashable, Answer]] = WeakKeyDictionary()
        self._making = asyncio.Lock()

    async def of(self, features: Features, key: Hashable, make: Callable[[], Answer]) -> Answer:
        """What `make`, called in a thread, has made of these features under this key. It is shared: nobody may change it."""
        made = self._made.setdefault(features, {})
        if key not in made:
            async with self._making:
                if key not in made:
                    made[key] = await asyncio.to_thread(make)
        return made[key]
