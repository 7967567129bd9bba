"""An order's way, step by step, which goes on until the order has arrived."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from ordercast.services.console.event_stream import PageStream
from ordercast.services.console.journey.read_journey import MOST_PAIRS, find_order, newest_orders, read_journey
from ordercast.services.console.log_in.log_ins import LogIn
from ordercast.services.console.pages import Operator, console, go_to, page
from ordercast.services.console.parts import Missing, is_missing, status_of
from ordercast.services.shared.process.pause import pause

router = APIRouter()

# Between two looks (s) at an order that is on its way, and at one that has arrived.
ON_ITS_WAY_S: Final = 2.0
ARRIVED_S: Final = 30.0
_SHOWN: Final[dict[str, Any]] = {"missing": is_missing, "most_pairs": MOST_PAIRS}


@router.get("/journey")
async def find(request: Request, log_in: Operator, order: Annotated[str, Query(max_length=200)] = "") -> Response:
    wanted = order.strip()
    found = await find_order(log_in.client, wanted) if wanted else None
    if isinstance(found, UUID):
        return go_to(f"/journey/{found}")
    newest = await newest_orders(log_in.client)
    return page(request, "journeys.html", status_of(found, newest), wanted=wanted, found=found, newest=newest, **_SHOWN)


@router.get("/journey/{order_id}")
async def show_journey(request: Request, log_in: Operator, order_id: UUID) -> Response:
    found = await read_journey(log_in.client, order_id)
    status = found.status if isinstance(found, Missing) else 200
    return page(request, "journey.html", status, found=found, order_id=order_id, **_SHOWN)


@router.get("/journey/{order_id}/stream")
async def stream_journey(request: Request, log_in: Operator, order_id: UUID) -> Response:
    moments = _moments(request.app.state.stopping, log_in, order_id)
    return PageStream(request, log_in, "journey_now.html", moments, console(request).drawn)


async def _moments(stopping: asyncio.Event, log_in: LogIn, order_id: UUID) -> AsyncGenerator[Mapping[str, Any], None]:
    while not stopping.is_set():
        found = await read_journey(log_in.client, order_id)
        yield {"found": found, "order_id": order_id, **_SHOWN}
        has_arrived = not isinstance(found, Missing) and found.is_over
        await pause(stopping, ARRIVED_S if has_arrived else ON_ITS_WAY_S)
