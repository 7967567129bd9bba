"""GET /trends."""

from typing import Annotated

from fastapi import APIRouter, Query

from ordercast.services.order_api.trends.answers import TrendsAnswer
from ordercast.services.order_api.trends.read_trends import read_trends
from ordercast.services.order_api.trends.schemas import Day
from ordercast.services.order_api.wiring import CurrentService
from ordercast.services.shared.http.requests import MAX_ID

router = APIRouter(tags=["trends"])


@router.get("/trends")
async def trends(
    service: CurrentService,
    product_id: Annotated[int | None, Query(ge=1, le=MAX_ID, description="one product only")] = None,
    first: Annotated[Day | None, Query(alias="from", description="first day, UTC")] = None,
    last: Annotated[Day | None, Query(alias="to", description="last day, UTC; at most 366 days in all")] = None,
) -> TrendsAnswer:
    """Orders and views by day, and the products that were ordered most; by default of the newest 30 days."""
    return await read_trends(service.sessions, product_id=product_id, first=first, last=last)
