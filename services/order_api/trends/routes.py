"""GET /trends."""

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query

from ordercast.services.order_api import errors
from ordercast.services.order_api.trends.answers import TrendsAnswer
from ordercast.services.order_api.trends.read_trends import read_trends
from ordercast.services.order_api.trends.schemas import Day, TimeOfDay, ZoneName
from ordercast.services.order_api.wiring import CurrentService
from ordercast.services.shared.http.authentication import CurrentCaller
from ordercast.services.shared.http.raises import raises
from ordercast.services.shared.http.requests import MAX_ID, PLAIN_INTEGER

router = APIRouter(tags=["trends"])


@router.get("/trends")
@raises(errors.ProductNotFound, errors.InvalidPeriod)
async def trends(
    service: CurrentService,
    _: CurrentCaller,
    product_id: Annotated[int | None, PLAIN_INTEGER, Query(ge=1, le=MAX_ID, description="one product only")] = None,
    first: Annotated[Day | None, Query(alias="from", description="first day, in the zone `tz`")] = None,
    last: Annotated[Day | None, Query(alias="to", description="last day, in the zone; at most 366 days in all")] = None,
    tz: Annotated[
        ZoneName, Query(max_length=64, description="the zone whose days are meant, by its IANA name")
    ] = "UTC",
    until: Annotated[
        TimeOfDay | None,
        Query(
            description="of each day only what lies before this time, in the zone: a day that goes on and others alike"
        ),
    ] = None,
) -> TrendsAnswer:
    """Orders and views by day, and the products that were ordered most; by default of the newest 30 days.

    An answer may be a second old.
    """
    return await service.trends.get(
        (product_id, first, last, tz, until),
        lambda: read_trends(
            service.reading, product_id=product_id, first=first, last=last, zone=ZoneInfo(tz), until=until
        ),
    )
