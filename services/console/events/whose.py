"""Whose events are shown: a key alone is the number of an account and of a product, and no order has one."""

from collections.abc import Iterator, Mapping
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

    def _names(self, event: Mapping[str, Any]) -> Iterator[str]:
        if self.of == "key":
            yield str(event.get("partitionkey"))
            return
        body = event.get("data") or {}
        for named in (body, *body.get("items", ())):
            if f"{self.of}_id" in named:
                yield str(named[f"{self.of}_id"])
