"""The path of an order as one picture, which goes on by itself."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from ordercast.services.console.event_stream import PageStream
from ordercast.services.console.flow.picture import PICTURES
from ordercast.services.console.flow.watch import READ_EVERY_S
from ordercast.services.console.log_in.log_ins import LogIn
from ordercast.services.console.pages import Operator, console, page
from ordercast.services.console.parts import is_missing

router = APIRouter()

_SHOWN: Final[dict[str, Any]] = {"pictures": PICTURES, "refreshed_s": int(READ_EVERY_S), "missing": is_missing}


@router.get("/flow")
async def show_flow(request: Request, log_in: Operator) -> Response:
    service = console(request)
    looks, letters = await asyncio.gather(service.watch.looks(), service.letters.read(log_in.client))
    return page(request, "flow.html", flow=service.flow.of(looks), letters=letters, **_SHOWN)


@router.get("/flow/stream")
async def stream_flow(request: Request, log_in: Operator) -> Response:
    service = console(request)
    return PageStream(
        request, log_in, "flow_now.html", _moments(request, log_in), service.drawn, drawn=service.flow.drawn
    )


async def _moments(request: Request, log_in: LogIn) -> AsyncGenerator[Mapping[str, Any], None]:
    service = console(request)
    async with aclosing(service.watch.followed(request.app.state.stopping)) as looks:
        async for seen in looks:
            letters = await service.letters.read(log_in.client)
            yield {"flow": service.flow.of(seen), "letters": letters, **_SHOWN}
