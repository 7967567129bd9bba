"""Forecasts of products by week. They say what a shop will need, so they are not for customers, as the trends are."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date, timedelta
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Request, Response

from ordercast.services.predictor import errors
from ordercast.services.predictor.forecast_products import (
    Asked,
    ProductForecast,
    forecast_products,
    level_and_trend,
    most_expected,
    week_starts,
)
from ordercast.services.predictor.forecast_schemas import (
    DEFAULT_LIMIT,
    ForecastLimit,
    ForecastQuestion,
    ForecastsAnswer,
    Known,
    OneForecastAnswer,
    ProductsAnswer,
    Recent,
    Sort,
    as_csv,
)
from ordercast.services.predictor.named_products import (
    RecentRows,
    products_after,
    products_of,
    read_recent,
    recent_weeks,
    sku_of,
)
from ordercast.services.predictor.wiring import DemandAt, predictor
from ordercast.services.shared.db.cut_page import cut_page
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.demand.activity import Ints
from ordercast.services.shared.http.accept import preferred
from ordercast.services.shared.http.authentication import CurrentCaller
from ordercast.services.shared.http.paging import StartingAfter
from ordercast.services.shared.http.raises import raises
from ordercast.services.shared.http.requests import PathId, in_query

router = APIRouter(tags=["forecasts"])

Question = Annotated[ForecastQuestion, in_query(ForecastQuestion)]
JSON: Final = "application/json"
CSV: Final = "text/csv"
# Of a page as CSV, which has no place for what JSON says beside its data.
PAGE_HEADERS: Final = {
    "Link": '`<...>; rel="next"`: the next page, if there is one; relative to this one (RFC 8288)',
    "Ordercast-Model-Version": "`model_version` of a page as CSV",
    "Ordercast-As-Of": "`as_of` of a page as CSV, if it was asked for",
}
_EPOCH: Final = date(1970, 1, 1)


@router.get("/forecasts/products/{product_id}")
@raises(errors.NoModel, errors.ActivityNotRead, errors.InvalidQuestion, errors.ProductNotFound)
async def forecast_product(
    request: Request, _: CurrentCaller, product_id: PathId, asked: Question
) -> OneForecastAnswer:
    """Pieces of a product in the next weeks, with the last ones beside them, and stock for all."""
    service = predictor(request)
    sku = await sku_of(service.sessions, product_id)
    at = await service.demand_at(service.demand.take(), asked.as_of)
    question = _asked(asked, at.moment)
    [forecast] = await asyncio.to_thread(forecast_products, at.served, at.features, [(product_id, sku)], question)
    level_a_week, trend = await asyncio.to_thread(level_and_trend, at.features, product_id)
    [forecast] = with_recent(at, [forecast], await recent_at(service.sessions, at, [(product_id, sku)]))
    return OneForecastAnswer(**asdict(forecast), level_a_week=level_a_week, trend=trend, **_answered(at, asked))


@router.get(
    "/forecasts/products",
    response_model=ForecastsAnswer,
    responses={
        200: {
            "content": {CSV: {"schema": {"type": "string"}}},
            "description": "The page, as JSON or CSV",
            "headers": {
                name: {"description": text, "schema": {"type": "string"}} for name, text in PAGE_HEADERS.items()
            },
        }
    },
)
@raises(errors.NoModel, errors.ActivityNotRead, errors.InvalidQuestion)
async def forecast_all_products(
    request: Request,
    _: CurrentCaller,
    asked: Question,
    limit: ForecastLimit = DEFAULT_LIMIT,
    starting_after: StartingAfter = None,
    sort: Sort = "id",
    recent: Recent = False,
    known: Known = False,
) -> Response:
    """Products by id, or those first of which most is expected; with `Accept: text/csv` a table.

    What is expected changes from page to page while orders come in, so all of them are read by id.
    """
    service = predictor(request)
    at = await service.demand_at(service.demand.take(), asked.as_of)
    if sort == "-expected":
        in_order = partial(most_expected, at.served, at.features, asked.weeks)
        ordered = await service.most_expected.of(at.features, (at.served.version, asked.weeks), in_order)
        products, has_more = await _page_of(service.sessions, _after(ordered, starting_after), limit)
    elif known:
        ids = at.features.known_products
        products, has_more = await _page_of(service.sessions, ids[ids > (starting_after or 0)].tolist(), limit)
    else:
        found = await products_after(service.sessions, starting_after or 0, limit + 1)
        products, has_more = cut_page(list(found), limit)
    answer = await answer_products(at, products, asked)
    if preferred(", ".join(request.headers.getlist("accept")), [JSON, CSV]) == CSV:
        csv = await asyncio.to_thread(as_csv, answer.data, week_starts(at.moment, asked.weeks))
        headers = _page_headers(request, answer, has_more)
        return Response(csv, headers=headers, media_type=f"{CSV}; charset=utf-8; header=present")
    if recent:
        rows = await recent_at(service.sessions, at, products)
        answer.data = await asyncio.to_thread(with_recent, at, answer.data, rows)
    page = ForecastsAnswer.model_construct(**dict(answer), has_more=has_more)
    return Response(await asyncio.to_thread(page.model_dump_json), headers={"Vary": "Accept"}, media_type=JSON)


async def _page_of(sessions: Sessions, ids: list[int], limit: int) -> tuple[Sequence[tuple[int, str]], bool]:
    """Those of the first ids that exist, and whether more follow."""
    while ids:
        shown, ids = ids[:limit], ids[limit:]
        if found := await products_of(sessions, shown):
            return found, bool(ids)
    return [], False


def _page_headers(request: Request, answer: ProductsAnswer, has_more: bool) -> dict[str, str]:
    headers = {"Vary": "Accept", "Ordercast-Model-Version": answer.model_version}
    if answer.as_of:
        headers["Ordercast-As-Of"] = answer.as_of.isoformat()
    if has_more:
        following = request.url.include_query_params(starting_after=answer.data[-1].product_id)
        headers["Link"] = f'<?{following.query}>; rel="next"'
    return headers


async def answer_products(at: DemandAt, products: Sequence[tuple[int, str]], asked: ForecastQuestion) -> ProductsAnswer:
    """Of products (id, sku), in their order."""
    data = await asyncio.to_thread(forecast_products, at.served, at.features, products, _asked(asked, at.moment))
    return ProductsAnswer(data=data, **_answered(at, asked))


async def recent_at(sessions: Sessions, at: DemandAt, products: Sequence[tuple[int, str]]) -> RecentRows:
    """What `with_recent` takes."""
    return await read_recent(sessions, [product_id for product_id, _ in products], _date_of(at))


def with_recent(at: DemandAt, forecasts: Sequence[ProductForecast], rows: RecentRows) -> list[ProductForecast]:
    """The same, each with its last weeks. Those of thousands take a while: call it in a thread."""
    recent = recent_weeks(rows, [forecast.product_id for forecast in forecasts], _date_of(at))
    return [replace(forecast, recent=recent[forecast.product_id]) for forecast in forecasts]


def _date_of(at: DemandAt) -> date:
    return _EPOCH + timedelta(days=at.moment)


def _answered(at: DemandAt, asked: ForecastQuestion) -> dict[str, object]:
    """What every answer says of the version and the moment."""
    return {
        "level": asked.level,
        "service_level": asked.service_level,
        "model_version": at.served.version,
        "better_than": at.served.manifest.questions["product"].better_than,
        "features_as_of": at.seen_at,
        "as_of": asked.as_of,
    }


def _asked(asked: ForecastQuestion, moment: int) -> Asked:
    return Asked(moment, asked.weeks, asked.level, asked.service_level)


def _after(ordered: Ints, starting_after: int | None) -> list[int]:
    """The ids after one of them. What is none of them would come behind all that are, so there is nothing after it."""
    ids: list[int] = ordered.tolist()
    if starting_after is None:
        return ids
    return ids[ids.index(starting_after) + 1 :] if starting_after in ids else []
