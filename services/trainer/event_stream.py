"""What happens in a training as Server-Sent Events.

FastAPI's own EventSourceResponse (0.165) fails when a client goes away: it closes the stream that its tasks still write to
before it ends them, and each such request logs a traceback. Here the generator is simply cancelled.
"""

import time
from collections.abc import AsyncIterator
from typing import Any, Final

from fastapi.responses import StreamingResponse
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from pydantic import TypeAdapter

from ordercast.services.trainer.jobs.answers import EpochEvent, NetworksEvent, TrainingAnswer, WaitingEvent

Event = EpochEvent | NetworksEvent | WaitingEvent | TrainingAnswer

# A proxy closes a connection that is silent for a minute or so.
PING_S: Final = 15.0

_WAITING: Final = TypeAdapter(WaitingEvent)
_EPOCH: Final = TypeAdapter(EpochEvent)
_NETWORKS: Final = TypeAdapter(NetworksEvent)
_ENDED: Final = TypeAdapter(TrainingAnswer)


class EventStream(StreamingResponse):
    media_type = "text/event-stream"

    def __init__(self, events: AsyncIterator[Event | None]) -> None:
        # The second header keeps nginx from collecting events before it hands them on.
        super().__init__(_encoded(events), headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})


async def _encoded(events: AsyncIterator[Event | None]) -> AsyncIterator[bytes]:
    """The events as bytes, with a comment now and then while there are none."""
    sent = time.monotonic()
    async for event in events:
        if isinstance(event, EpochEvent):
            yield format_sse_event(event="epoch", data_str=_EPOCH.dump_json(event).decode())
        elif isinstance(event, NetworksEvent):
            yield format_sse_event(event="networks", data_str=_NETWORKS.dump_json(event).decode())
        elif isinstance(event, WaitingEvent):
            yield format_sse_event(event="waiting", data_str=_WAITING.dump_json(event).decode())
        elif event is not None:
            yield format_sse_event(event="ended", data_str=_ENDED.dump_json(event).decode())
        elif time.monotonic() - sent > PING_S:
            yield KEEPALIVE_COMMENT
        else:
            continue
        sent = time.monotonic()


def _described(name: str, data: dict[str, Any]) -> dict[str, Any]:
    content = {"type": "string", "contentMediaType": "application/json", "contentSchema": data}
    return {"type": "object", "properties": {"event": {"const": name}, "data": content}, "required": ["event", "data"]}


# For the OpenAPI document, made from what the events are made from.
EVENTS_DESCRIBED: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {
            EventStream.media_type: {
                "itemSchema": {
                    "oneOf": [
                        _described("waiting", _WAITING.json_schema()),
                        _described("epoch", _EPOCH.json_schema()),
                        _described("networks", _NETWORKS.json_schema()),
                        _described("ended", {"$ref": "#/components/schemas/TrainingAnswer"}),
                    ]
                }
            }
        }
    }
}
