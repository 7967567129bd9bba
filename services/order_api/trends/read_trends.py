"""Reads the trends, which feature_worker keeps by the quarter of an hour, as days of a time zone."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import ARRAY, ColumnElement, DateTime, Integer, Select, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.contracts.because import sentence
from ordercast.services.order_api.errors import InvalidPeriod
from ordercast.services.order_api.products.read_products import read_product
from ordercast.services.order_api.products.tables import Product
from ordercast.services.order_api.trends.answers import DayTrend, TrendsAnswer
from ordercast.services.order_api.trends.answers import ProductTrend as ProductAnswer
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.features import ProductTrend, ShopTrend

# The period when none is asked for, and the longest one, in days.
DEFAULT_DAYS: Final = 30
MAX_DAYS: Final = 366
TOP_PRODUCTS: Final = 10

Trend = type[ProductTrend] | type[ShopTrend]


@dataclass(frozen=True, slots=True)
class Period:
    """Days of a zone, from the first moment of `first` to the last one of `last`; of each what lies before `until`, if that is
    not None."""

    first: date
    last: date
    zone: ZoneInfo
    until: time | None = None

    def holds(self, trend: Trend) -> ColumnElement[bool]:
        holds = (trend.starts_at >= self._at(self.first, time.min)) & (
            trend.starts_at < self._at(self.last + timedelta(days=1), time.min)
        )
        # Before a day's own end, as many have gone by as days before it.
        return holds if self.until is None else holds & (self._passed(trend, self.until) < self.number_of_day(trend))

    def number_of_day(self, trend: Trend) -> ColumnElement[int]:
        """1 for the first day."""
        return self._passed(trend, time.min)

    def _passed(self, trend: Trend, of_day: time) -> ColumnElement[int]:
        """On how many days it had been that time. By a list of when: PostgreSQL has a database of zones of its own, which does not
        know each zone, and takes CET for +01:00 in summer, too."""
        days = (self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1))
        times = literal([self._at(day, of_day) for day in days], ARRAY(DateTime(timezone=True)))
        return func.width_bucket(trend.starts_at, times, type_=Integer())

    def _at(self, day: date, of_day: time) -> datetime:
        return datetime.combine(day, of_day, self.zone)


async def read_trends(
    sessions: Sessions,
    *,
    product_id: int | None,
    first: date | None,
    last: date | None,
    zone: ZoneInfo,
    until: time | None = None,
) -> TrendsAnswer:
    """The days of `zone` from `first` to `last`, both included; by default the 30 days up to the newest one in the table. With
    `until` what lies before this time of each.

    Raises:
        ProductNotFound: `product_id` is none.
        InvalidPeriod: the days are the wrong way round, or more than 366.
    """
    if product_id is not None:
        await read_product(sessions, product_id)
    async with sessions() as session:
        if last is None:
            last = max(await _newest_day(session, zone), first or date.min)
        if first is None:
            first = last - timedelta(days=DEFAULT_DAYS - 1)
        _check_period(first, last)
        period = Period(first, last, zone, until)
        return TrendsAnswer(
            tz=zone.key,
            days=await _days(session, period, product_id),
            top_products=await _top_products(session, period, product_id),
        )


async def _newest_day(session: AsyncSession, zone: ZoneInfo) -> date:
    newest: datetime | None = await session.scalar(select(func.max(ShopTrend.starts_at)))
    return (newest or datetime.now(UTC)).astimezone(zone).date()


def _check_period(first: date, last: date) -> None:
    if last < first:
        raise InvalidPeriod(sentence("period-ends-too-early"), fields={"to": "lies before `from`"})
    if (last - first).days >= MAX_DAYS:
        raise InvalidPeriod(
            sentence("period-too-long", days=MAX_DAYS), fields={"from": f"lies more than {MAX_DAYS} days before `to`"}
        )


async def _days(session: AsyncSession, period: Period, product_id: int | None) -> list[DayTrend]:
    trend: Trend = ShopTrend if product_id is None else ProductTrend
    day = period.number_of_day(trend).label("day")
    query = select(day, *_sums(trend)).where(period.holds(trend)).group_by("day").order_by("day")
    if product_id is not None:
        query = query.where(ProductTrend.product_id == product_id)
    rows = await session.execute(query)
    return [DayTrend(date=period.first + timedelta(days=row.day - 1), **_figures(row)) for row in rows]


async def _top_products(session: AsyncSession, period: Period, product_id: int | None) -> list[ProductAnswer]:
    rows = await session.execute(top_products_query(period, product_id))
    return [ProductAnswer(product_id=row.id, sku=row.sku, name=row.name, **_figures(row)) for row in rows]


def top_products_query(period: Period, product_id: int | None) -> Select[Any]:
    """Those that were ordered most, the most ordered one first."""
    of_period = select(ProductTrend.product_id, *_sums(ProductTrend)).where(period.holds(ProductTrend))
    if product_id is not None:
        of_period = of_period.where(ProductTrend.product_id == product_id)
    # Added up before the names are looked for: there are a hundred times as many rows as products.
    sums = of_period.group_by(ProductTrend.product_id).subquery()
    figures = [sums.c[name] for name in ("orders", "order_lines", "quantity", "cancelled_quantity", "views")]
    return (
        select(Product.id, Product.sku, Product.name, *figures)
        .join(sums, sums.c.product_id == Product.id)
        .order_by(sums.c.quantity.desc(), sums.c.views.desc(), Product.id)
        .limit(TOP_PRODUCTS)
    )


def _sums(trend: Trend) -> list[ColumnElement[Any]]:
    return [
        func.sum(trend.orders).label("orders"),
        func.sum(trend.order_lines).label("order_lines"),
        func.sum(trend.quantity).label("quantity"),
        func.sum(trend.cancelled_quantity).label("cancelled_quantity"),
        func.sum(trend.views).label("views"),
    ]


def _figures(row: Any) -> dict[str, Any]:
    # A sum of bigint is numeric in PostgreSQL.
    orders, quantity, cancelled, views = map(int, (row.orders, row.quantity, row.cancelled_quantity, row.views))
    return {
        "orders": orders,
        "order_lines": int(row.order_lines),
        "quantity": quantity,
        "cancelled_quantity": cancelled,
        "net_quantity": quantity - cancelled,
        "views": views,
        "conversion": round(orders / views, 6) if views else None,
    }
