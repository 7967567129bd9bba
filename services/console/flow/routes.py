"""The path of an order as one picture, which goes on by itself."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response

from ordercast.services.console.event_stream import PageStream
from ordercast.services.console.flow.picture import PICTURES
from ordercast.services.console.flow.read_flow import flow_of
from ordercast.services.console.flow.watch import READ_EVERY_S, Watch
from ordercast.services.console.log_in.log_ins import LogIn
from ordercast.services.console.pages import console, operator, page

router = APIRouter()

Operator = Annotated[LogIn, Depends(operator)]
_SHOWN: Final[dict[str, Any]] = {"pictures": PICTURES, "refreshed_s": int(READ_EVERY_S)}


@router.get("/flow")
async def show_flow(request: Request, _: Operator) -> Response:
    return page(request, "flow.html", flow=flow_of(await console(request).watch.looks()), **_SHOWN)


@router.get("/flow/stream")
async def stream_flow(request: Request, log_in: Operator) -> Response:
    return PageStream(request, log_in, "flow_now.html", _moments(request, console(request).watch))


async def _moments(request: Request, watch: Watch) -> AsyncGenerator[Mapping[str, Any], None]:
    async with aclosing(watch.followed(request.app.state.stopping)) as looks:
        async for seen in looks:
            yield {"flow": flow_of(seen), **_SHOWN}
