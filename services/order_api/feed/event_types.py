"""What the feed has: the event types of all topics but the dead letters, by the names that a caller uses."""

from collections.abc import Collection, Mapping
from typing import Final

from ordercast.contracts.events import TYPE_NAMES
from ordercast.contracts.topics import ALL_TOPICS, Topic
from ordercast.services.order_api.errors import UnknownEventTypes


def short_name(event_type: str) -> str:
    """Without what all have in common and without the version: `order.placed`."""
    return event_type.removeprefix("ordercast.").rpartition(".v")[0]


TOPICS: Final[Mapping[str, Topic]] = {
    short_name(TYPE_NAMES[event]): topic for topic in ALL_TOPICS for event in topic.events
}


def parse_types(text: str | None) -> frozenset[str]:
    """The short names of a list with commas; all of them without one.

    Raises:
        UnknownEventTypes: a name is none of them.
    """
    if text is None:
        return frozenset(TOPICS)
    names = frozenset(name.strip() for name in text.split(","))
    if unknown := sorted(names - TOPICS.keys()):
        message = f"{unknown[0][:100]!r} is no event type; there are {', '.join(sorted(TOPICS))}"
        raise UnknownEventTypes("types names an event type that there is not", fields={"types": message})
    return names


def topics_of(types: Collection[str]) -> list[Topic]:
    return sorted({TOPICS[name] for name in types}, key=lambda topic: topic.name)
