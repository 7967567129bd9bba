"""Whose events are shown: a key alone is the number of an account and of a product, and no order has one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

Of = Literal["key", "account", "product", "order"]


@dataclass(frozen=True, slots=True)
class Whose:
    """Those that name `id`, by their key or in their body; all without one."""

    id: str = ""
    of: Of = "key"

    def has(self, event: str) -> bool:
        """Whether this CloudEvent in JSON is one of them."""
        return not self.id or self.id in self._names(msgspec.json.decode(event))

    def _names(self, event: dict[str, Any]) -> Iterator[str]:
        if self.of == "key":
            yield str(event.get("partitionkey"))
            return
        for named in _named_in(event.get("data")):
            if f"{self.of}_id" in named:
                yield str(named[f"{self.of}_id"])


def _named_in(body: object) -> Iterator[dict[str, Any]]:
    """The body and its lines. Fields that the contract does not have, or not yet, may be anything."""
    if isinstance(body, dict):
        items = body.get("items")
        lines = items if isinstance(items, list) else []
        yield from (named for named in (body, *lines) if isinstance(named, dict))
