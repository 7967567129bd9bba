"""Whose events are shown: a key alone is the number of an account and of a product, and no order has one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from ordercast.contracts.events import EVENT_TYPES, Event, OrderItem

Of = Literal["key", "account", "product", "order"]


def short_name(event_type: str) -> str:
    """Without what all have in common and without the version: `order.placed`."""
    return event_type.removeprefix("ordercast.").rpartition(".v")[0]


TYPES: Final = tuple(sorted({short_name(name) for name in EVENT_TYPES}))


def _may_name(event: type[Event], of: str) -> bool:
    fields = event.__struct_fields__
    in_lines = OrderItem.__struct_fields__ if "items" in fields else ()
    return f"{of}_id" in (*fields, *in_lines)


# The types of events that may name one: topics of others need not be read. Any event has a key.
NAMING: Final = {
    of: tuple(sorted({short_name(name) for name, event in EVENT_TYPES.items() if _may_name(event, of)}))
    for of in ("account", "product", "order")
}


@dataclass(frozen=True, slots=True)
class Whose:
    """Those that name `id`, by their key or in their body; all without one."""

    id: str = ""
    of: Of = "key"

    def has(self, event: str) -> bool:
        """Whether this CloudEvent in JSON is one of them. An id in capitals, or without its lines, is the same."""
        return not self.id or _plain(self.id) in map(_plain, self._names(msgspec.json.decode(event)))

    def _names(self, event: dict[str, Any]) -> Iterator[str]:
        if self.of == "key":
            yield str(event.get("partitionkey"))
            return
        for named in _named_in(event.get("data")):
            if f"{self.of}_id" in named:
                yield str(named[f"{self.of}_id"])


def _plain(name: str) -> str:
    try:
        return str(UUID(name))
    except ValueError:
        return name


def _named_in(body: object) -> Iterator[dict[str, Any]]:
    """The body and its lines. Fields that the contract does not have, or not yet, may be anything."""
    if isinstance(body, dict):
        items = body.get("items")
        lines = items if isinstance(items, list) else []
        yield from (named for named in (body, *lines) if isinstance(named, dict))
