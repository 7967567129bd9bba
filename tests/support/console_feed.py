"""The feed of events as order_api gives it, for the console's pages: a test says what comes, and where it is cut off."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from tests.support.console_answers import problem

VIEWED: Final = "ordercast.product.viewed.v1"
# Between two looks whether something new is there (s).
LOOK_S: Final = 0.01


def cloud_event(number: int, key: str = "8", **data: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"00000000-0000-0000-0000-{number:012}",
        "source": "/ordercast/order_api",
        "type": VIEWED,
        "time": f"2026-11-26T09:30:{number % 60:02}.123456+00:00",
        "datacontenttype": "application/json",
        "partitionkey": key,
        "data": {"account_id": 8, "product_id": 7, "count": number} | data,
    }


@dataclass
class ConsoleFeed:
    """`ends_after`: a stream ends after so many events. `asked` is with what each stream was opened."""

    events: list[dict[str, Any]] = field(default_factory=list)
    ends_after: int | None = None
    refuse: tuple[int, str] | None = None
    asked: list[tuple[dict[str, str], str | None]] = field(default_factory=list)
    open: int = 0

    def add(self, *events: dict[str, Any]) -> None:
        self.events += events

    async def stream(self, request: Request) -> Response:
        last_id = request.headers.get("last-event-id")
        self.asked.append((dict(request.query_params), last_id))
        if self.refuse:
            return problem(self.refuse[0], "refused", self.refuse[1])
        looks_back = "since" in request.query_params
        first = int(last_id.removeprefix("views:")) if last_id else 0 if looks_back else len(self.events)
        return StreamingResponse(self._parts(first, request.app.state.stopping), media_type="text/event-stream")

    async def _parts(self, place: int, stopping: asyncio.Event) -> AsyncIterator[str]:
        self.open += 1
        try:
            yield f"retry: 10\n: nothing new\nid: views:{place}\n\n"
            end = None if self.ends_after is None else place + self.ends_after
            while place != end and not stopping.is_set():
                if len(self.events) == place:
                    await asyncio.sleep(LOOK_S)
                    continue
                event = self.events[place]
                place += 1
                yield f"id: views:{place}\nevent: product.viewed\ndata: {json.dumps(event)}\n\n"
        finally:
            self.open -= 1
