"""What a stream of events gives."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ServerEvent:
    name: str
    data: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class FollowedEvent:
    """An event (a CloudEvent), or only a position: then `event` is None. Whoever gives `id` as `last_id` goes on after it."""

    id: str
    event: dict[str, Any] | None
