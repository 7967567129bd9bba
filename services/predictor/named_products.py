"""Products by their ids and names, and what was ordered of one lately. Others write them; here they are only looked at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy import Row, func, select, text

from ordercast.contracts.because import sentence
from ordercast.services.predictor.errors import ProductNotFound
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.features import ProductActivity

_ONE: Final = text("SELECT sku FROM products WHERE id = :id")
_PAGE: Final = text("SELECT id, sku FROM products WHERE id > :after ORDER BY id LIMIT :limit")
_OF_IDS: Final = text("SELECT id, sku FROM products WHERE id = ANY(:ids)")
# Weeks before the forecast that are told beside it.
RECENT_WEEKS: Final = 8

# Of a product in a week: `product_id`, `week` (a number from 0 on), `pieces`.
RecentRows = Sequence[Row[int, date, int]]


@dataclass(frozen=True, slots=True)
class RecentWeek:
    """Pieces that were ordered in the seven days from `starts_on` on, less those that were taken back by then."""

    starts_on: date
    quantity: int


async def sku_of(sessions: Sessions, product_id: int) -> str:
    """Raises ProductNotFound."""
    async with sessions() as session:
        sku: str | None = (await session.execute(_ONE, {"id": product_id})).scalar_one_or_none()
    if sku is None:
        raise ProductNotFound(sentence("no-product", product=str(product_id)))
    return sku


async def products_after(sessions: Sessions, after: int, limit: int) -> Sequence[tuple[int, str]]:
    """Ids and SKUs in the order of the ids."""
    async with sessions() as session:
        return [(row.id, row.sku) for row in await session.execute(_PAGE, {"after": after, "limit": limit})]


async def products_of(sessions: Sessions, product_ids: Sequence[int]) -> Sequence[tuple[int, str]]:
    """Those that exist, in the order of the ids that were asked for."""
    async with sessions() as session:
        found = {row.id: row.sku for row in await session.execute(_OF_IDS, {"ids": list(product_ids)})}
    return [(product_id, found[product_id]) for product_id in product_ids if product_id in found]


async def read_recent(sessions: Sessions, product_ids: Sequence[int], moment: date) -> RecentRows:
    """What `recent_weeks` takes, as known at the beginning of the day `moment`."""
    first = moment - timedelta(weeks=RECENT_WEEKS)
    week = (ProductActivity.day - first) // 7
    query = (
        select(
            ProductActivity.product_id,
            week.label("week"),
            func.sum(ProductActivity.quantity - ProductActivity.cancelled_quantity).label("pieces"),
        )
        .where(ProductActivity.product_id.in_(product_ids))
        .where(ProductActivity.day >= first, ProductActivity.day < moment, ProductActivity.known_on < moment)
        .group_by(ProductActivity.product_id, week)
    )
    async with sessions() as session:
        return (await session.execute(query)).all()


def recent_weeks(rows: RecentRows, product_ids: Sequence[int], moment: date) -> Mapping[int, list[RecentWeek]]:
    """Of each product, the last week at the end. Those of thousands take a while: call it in a thread."""
    first = moment - timedelta(weeks=RECENT_WEEKS)
    pieces = {(row.product_id, int(row.week)): int(row.pieces) for row in rows}
    starts = [first + timedelta(weeks=number) for number in range(RECENT_WEEKS)]
    return {
        product_id: [RecentWeek(start, pieces.get((product_id, number), 0)) for number, start in enumerate(starts)]
        for product_id in product_ids
    }
