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
    the stream's end cuts off. An id without data comes as an event without a name: it says where the reader is."""
    name, data, last_id = "message", list[str](), None
    told_id: str | None = None
    async for line in lines:
        if not line:
            if data:
                yield ServerEvent(name, "\n".join(data), last_id)
            elif last_id != told_id:
                yield ServerEvent("", "", last_id)
            name, data, told_id = "message", [], last_id
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
        elif field == "id":
            last_id = value
