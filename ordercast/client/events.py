"""Server-sent events, as the HTML standard (section 9.2) defines the stream."""

from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerEvent:
    name: str
    data: str
    id: str | None = None


async def read_events(lines: AsyncIterable[str]) -> AsyncIterator[ServerEvent]:
    """The events of a stream's lines. Comments, which keep the connection open, are passed over, and so is an event that
    the stream's end cuts off."""
    name, data, last_id = "message", list[str](), None
    async for line in lines:
        if not line:
            if data:
                yield ServerEvent(name, "\n".join(data), last_id)
            name, data = "message", []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
        elif field == "id":
            last_id = value
