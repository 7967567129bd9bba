"""GET /events."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from ordercast.services.order_api import errors
from ordercast.services.order_api.feed.event_types import TOPICS
from ordercast.services.order_api.feed.follow_events import Fed
from ordercast.services.order_api.wiring import CurrentService
from ordercast.services.shared.http.authentication import CurrentCaller
from ordercast.services.shared.http.raises import raises
from ordercast.services.shared.http.requests import Timestamp
from ordercast.services.shared.http.still_allowed import StillAllowed
from ordercast.services.shared.kafka.errors import BrokerUnavailable

router = APIRouter(tags=["events"])

# A proxy closes a connection that is silent for a minute or so.
PING_S: Final = 15.0
# How long (ms) a browser waits before it connects again.
RETRY_MS: Final = 1_000
# An id of 128 partitions in six topics.
MAX_ID_LENGTH: Final = 16_000


class FeedResponse(StreamingResponse):
    """A stream of server-sent events, which closes what it reads from at its end."""

    media_type = "text/event-stream"

    def __init__(self, looks: AsyncIterator[Fed], opened: AsyncExitStack) -> None:
        # The second header keeps nginx from collecting events before it hands them on.
        super().__init__(encoded(looks), headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})
        self._opened = opened

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._opened:
            await super().__call__(scope, receive, send)


async def encoded(looks: AsyncIterator[Fed], clock: Callable[[], float] = time.monotonic) -> AsyncIterator[bytes]:
    """The events as bytes. The position goes out by itself at the beginning, and with each sign of life, so that a reader that is
    cut off before its first event goes on from where it began."""
    told_at = clock() - PING_S
    begun = f"retry: {RETRY_MS}\n".encode()
    async for fed in looks:
        if fed.events:
            yield begun + b"".join(
                f"id: {event.id}\nevent: {event.type}\ndata: ".encode() + event.body + b"\n\n" for event in fed.events
            )
        elif clock() - told_at >= PING_S:
            yield begun + f": nothing new\nid: {fed.id}\n\n".encode()
        else:
            continue
        told_at, begun = clock(), b""


_DESCRIBED: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "events as they come",
        "content": {
            FeedResponse.media_type: {
                "itemSchema": {
                    "type": "object",
                    "properties": {
                        "id": {"type": "string"},
                        "event": {"enum": sorted(TOPICS)},
                        "data": {"type": "string", "contentMediaType": "application/cloudevents+json"},
                    },
                    "required": ["id", "event", "data"],
                }
            }
        },
    }
}


@router.get("/events", status_code=200, response_class=FeedResponse, responses=_DESCRIBED)
@raises(errors.UnknownEventTypes, errors.InvalidEventId, errors.EventsGone, errors.TooManyStreams, BrokerUnavailable)
async def events(
    request: Request,
    caller: CurrentCaller,
    service: CurrentService,
    types: Annotated[
        str | None, Query(max_length=1_000, description=f"with commas, of {', '.join(sorted(TOPICS))}; all without it")
    ] = None,
    since: Annotated[
        Timestamp | None,
        Query(description="what was accepted then or later first; what comes from now on without it"),
    ] = None,
    last_event_id: Annotated[
        str | None, Header(max_length=MAX_ID_LENGTH, description="the id of the last event that came: goes on after it")
    ] = None,
) -> FeedResponse:
    """The events of the topics as server-sent events, each a CloudEvent in JSON, for those who have no Kafka client.

    The `id` of each says where the reader is in all partitions; a stream that ended, was cut off or goes to another process goes
    on with it, without a loss or a repeat. Whatever ends a token, a key or a right ends the stream within seconds.
    """
    async with AsyncExitStack() as opening:
        feed = await opening.enter_async_context(
            service.follow_events.opened(caller.account_id, types=types, last_id=last_event_id, since=since)
        )
        opened = opening.pop_all()
    return FeedResponse(feed.told(request.app.state.stopping, StillAllowed(request, caller)), opened)
