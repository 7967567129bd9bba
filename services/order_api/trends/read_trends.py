"""Reads the table of daily trends, which feature_worker keeps."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.services.order_api.errors import InvalidPeriod
from ordercast.services.order_api.products.read_products import read_product
from ordercast.services.order_api.products.tables import Product
from ordercast.services.order_api.trends.answers import DayTrend, ProductTrend, TrendsAnswer
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.features import DailyTrend

# The period when none is asked for, and the longest one, in days.
DEFAULT_DAYS: Final = 30
MAX_DAYS: Final = 366
TOP_PRODUCTS: Final = 10

_ORDERS: Final = func.sum(DailyTrend.orders)
_QUANTITY: Final = func.sum(DailyTrend.quantity)
_VIEWS: Final = func.sum(DailyTrend.views)


async def read_trends(
    sessions: Sessions, *, product_id: int | None, first: date | None, last: date | None
) -> TrendsAnswer:
    """The days from `first` to `last`, both included; by default the 30 days up to the newest one in the table.

    Raises:
        ProductNotFound: `product_id` is none.
        InvalidPeriod: the days are the wrong way round, or more than 366.
    """
    if product_id is not None:
        await read_product(sessions, product_id)
    async with sessions() as session:
        if last is None:
            last = max(await _newest_day(session), first or date.min)
        if first is None:
            first = last - timedelta(days=DEFAULT_DAYS - 1)
        _check_period(first, last)
        wanted: ColumnElement[bool] = DailyTrend.day.between(first, last)
        if product_id is not None:
            wanted &= DailyTrend.product_id == product_id
        return TrendsAnswer(days=await _days(session, wanted), top_products=await _top_products(session, wanted))


async def _newest_day(session: AsyncSession) -> date:
    newest: date | None = await session.scalar(select(func.max(DailyTrend.day)))
    return newest or datetime.now(UTC).date()


def _check_period(first: date, last: date) -> None:
    if last < first:
        raise InvalidPeriod("the period ends before it begins", fields={"to": "lies before `from`"})
    if (last - first).days >= MAX_DAYS:
        raise InvalidPeriod(
            f"at most {MAX_DAYS} days at once", fields={"from": f"lies more than {MAX_DAYS} days before `to`"}
        )


async def _days(session: AsyncSession, wanted: ColumnElement[bool]) -> list[DayTrend]:
    rows = await session.execute(
        select(
            DailyTrend.day.label("day"),
            _ORDERS.label("orders"),
            _QUANTITY.label("quantity"),
            _VIEWS.label("views"),
        )
        .where(wanted)
        .group_by(DailyTrend.day)
        .order_by(DailyTrend.day)
    )
    return [DayTrend(date=row.day, **_figures(row)) for row in rows]


async def _top_products(session: AsyncSession, wanted: ColumnElement[bool]) -> list[ProductTrend]:
    rows = await session.execute(
        select(
            Product.id,
            Product.sku,
            Product.name,
            _ORDERS.label("orders"),
            _QUANTITY.label("quantity"),
            _VIEWS.label("views"),
        )
        .join(Product, Product.id == DailyTrend.product_id)
        .where(wanted)
        .group_by(Product.id)
        .order_by(_QUANTITY.desc(), _VIEWS.desc(), Product.id)
        .limit(TOP_PRODUCTS)
    )
    return [ProductTrend(product_id=row.id, sku=row.sku, name=row.name, **_figures(row)) for row in rows]


def _figures(row: Any) -> dict[str, Any]:
    # A sum of bigint is numeric in PostgreSQL.
    orders, quantity, views = int(row.orders), int(row.quantity), int(row.views)
    conversion = round(orders / views, 6) if views else None
    return {"orders": orders, "quantity": quantity, "views": views, "conversion": conversion}
