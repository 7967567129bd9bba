"""Forecasts of products: a list, a file, and a page for each."""

from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from ordercast.services.console.forecasts.read_forecasts import MOST_FOUND, read_forecasts
from ordercast.services.console.forecasts.read_product import read_past, read_product
from ordercast.services.console.forecasts.schemas import ForecastsQuestion, ProductQuestion
from ordercast.services.console.pages import Operator, page
from ordercast.services.console.parts import (
    ACTION_DEADLINE_S,
    NO_MODEL,
    Missing,
    ask,
    is_missing,
    is_unknown,
    status_of,
)
from ordercast.services.shared.http.requests import PathId, in_query

router = APIRouter()

Asked = Annotated[ForecastsQuestion, in_query(ForecastsQuestion)]
AskedOfOne = Annotated[ProductQuestion, in_query(ProductQuestion)]
# Of how many weeks ago past forecasts are shown unless asked otherwise: as many as are told of what was sold.
PAST_WEEKS: Final = 8


@router.get("/forecasts")
async def show_forecasts(request: Request, log_in: Operator, asked: Asked) -> Response:
    found = await read_forecasts(log_in.client, **asdict(asked))
    same = {"weeks": asked.weeks, "service_level": asked.service_level}
    listed = {**same, "sort": asked.sort}
    next_page = None
    if not isinstance(found, Missing) and found.next_after is not None:
        next_page = "/forecasts?" + urlencode({**listed, "starting_after": found.next_after})
    return page(
        request,
        "forecasts.html",
        status_of(found),
        found=found,
        asked=asked,
        missing=is_missing,
        no_model=NO_MODEL,
        most_found=MOST_FOUND,
        same=urlencode(same),
        first_page="/forecasts?" + urlencode(listed),
        next_page=next_page,
    )


@router.get("/forecasts/table.csv")
async def download_forecasts(request: Request, log_in: Operator, asked: AskedOfOne) -> Response:
    """All products as the predictor writes them. A table that cannot be begun is a page that says why."""
    pieces = log_in.client.predictor.forecasts_csv(weeks=asked.weeks, service_level=asked.service_level)
    first = await ask("predictor", anext(pieces), within_s=ACTION_DEADLINE_S)
    if isinstance(first, Missing):
        return page(request, "forecasts_missing.html", first.status, part=first, no_model=NO_MODEL)

    async def table() -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            yield piece

    headers = {"Content-Disposition": 'attachment; filename="forecasts.csv"', "Cache-Control": "no-store"}
    return StreamingResponse(table(), headers=headers, media_type="text/csv; charset=utf-8")


@router.get("/forecasts/{product_id}")
async def show_product(request: Request, log_in: Operator, product_id: PathId, asked: AskedOfOne) -> Response:
    found = await read_product(log_in.client, product_id, asked.weeks, asked.service_level)
    past = await read_past(log_in.client, product_id, asked.past) if asked.past else None
    return page(
        request,
        "forecast_product.html",
        # Its name may be missing: what is expected of it is what the page is for.
        status_of(found.product if is_unknown(found.product) else None, found.forecast),
        product_id=product_id,
        found=found,
        past=past,
        asked=asked,
        missing=is_missing,
        no_model=NO_MODEL,
        past_weeks=PAST_WEEKS,
    )


@router.get("/forecasts/{product_id}/past")
async def show_past(request: Request, log_in: Operator, product_id: PathId, asked: AskedOfOne) -> Response:
    """The part of that page that may take longer."""
    past = await read_past(log_in.client, product_id, asked.past or PAST_WEEKS)
    return page(request, "forecast_past.html", past=past, product_id=product_id, missing=is_missing)
