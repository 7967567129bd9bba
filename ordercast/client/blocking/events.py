# Made from ordercast/client/events.py by `python -m ordercast.client.generate`: change it there.
"""Server-sent events, as the HTML standard (section 9.2) defines the stream."""

from collections.abc import Iterable, Iterator

from ordercast.client.event_answers import ServerEvent


def read_lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """The lines of a stream, which CR, LF or both end: httpx's own reader also splits at what else Unicode calls a line end, and
    that may stand in the midst of a text. What the stream's end cuts off is the last line."""
    rest = b""
    for chunk in chunks:
        lines = (rest + chunk).splitlines(keepends=True)  # of bytes: CR, LF and CR LF alone
        # An LF after the CR may still come.
        rest = lines.pop() if lines and not lines[-1].endswith(b"\n") else b""
        for line in lines:
            yield line.rstrip(b"\r\n").decode(errors="replace")
    if rest:
        yield rest.rstrip(b"\r").decode(errors="replace")


def read_events(lines: Iterable[str]) -> Iterator[ServerEvent]:
    """The events of a stream's lines. Comments, which keep the connection open, are passed over, and so is an event that
    the stream's end cuts off. An id without data comes as an event without a name: it says where the reader is."""
    name, data, last_id = "message", list[str](), None
    told_id: str | None = None
    for line in lines:
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
