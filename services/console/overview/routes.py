"""The first page; its numbers alone come again every few seconds."""

from fastapi import APIRouter, Request, Response

from ordercast.services.console.log_in.log_ins import LogIn
from ordercast.services.console.overview.read_overview import read_overview
from ordercast.services.console.pages import Operator, console, page
from ordercast.services.console.parts import is_missing

router = APIRouter()


@router.get("/")
async def overview(request: Request, log_in: Operator) -> Response:
    return await _answer(request, log_in, "overview.html")


@router.get("/overview/numbers")
async def overview_numbers(request: Request, log_in: Operator) -> Response:
    return await _answer(request, log_in, "overview_numbers.html")


async def _answer(request: Request, log_in: LogIn, template: str) -> Response:
    service = console(request)
    found = await read_overview(log_in.client, service.probes, service.processes.now(), service.letters)
    return page(
        request,
        template,
        overview=found,
        missing=is_missing,
        refreshed_s=15,
    )
