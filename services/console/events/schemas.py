"""What the page of events and its stream are asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal

from fastapi import Query
from pydantic import StringConstraints

from ordercast.services.console.events.whose import NAMING, TYPES, Of, Whose

Since = Literal["now", "10m", "1h", "1d", "7d"]
_BACK: Final = {
    "10m": timedelta(minutes=10),
    "1h": timedelta(hours=1),
    "1d": timedelta(days=1),
    "7d": timedelta(days=7),
}
# An id of 128 partitions in six topics.
MAX_ID_LENGTH: Final = 16_000
# It goes on to order_api as a header, where nothing but ASCII can stand.
LastId = Annotated[str, StringConstraints(max_length=MAX_ID_LENGTH, strip_whitespace=True, pattern=r"^[\x20-\x7e]*$")]


@dataclass(frozen=True, slots=True)
class EventsQuestion:
    """Which events: of one type or of all, of whom, from when on. `key` is the id of what they are `of`, or their own key."""

    type: Annotated[Literal[("", *TYPES)], Query()] = ""  # type: ignore[valid-type]
    key: Annotated[str, StringConstraints(max_length=200, strip_whitespace=True), Query()] = ""
    since: Annotated[Since, Query()] = "now"
    of: Annotated[Of, Query()] = "key"

    @property
    def whose(self) -> Whose:
        return Whose(self.key, self.of)

    @property
    def types(self) -> Sequence[str] | None:
        """None: all."""
        if self.type:
            return (self.type,)
        return NAMING.get(self.of) if self.key else None

    @property
    def begins(self) -> datetime | None:
        return datetime.now(UTC) - _BACK[self.since] if self.since in _BACK else None
