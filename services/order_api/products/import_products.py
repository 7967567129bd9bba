"""Adds and changes many products by SKU: lines are parsed as they stream in and committed chunk by chunk."""

from collections.abc import AsyncIterable, Collection
from dataclasses import dataclass, field
from typing import Annotated, Final

import msgspec
from msgspec import Meta
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.services.order_api.ndjson import LineRefused, parse_line, read_lines
from ordercast.services.order_api.orders.import_lines import PriceText
from ordercast.services.order_api.products.currencies import CURRENCIES
from ordercast.services.order_api.refused_lines import RefusedLine
from ordercast.services.order_api.text import Name, Sku
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.retry import retry_conflicts

# Products in one transaction: large enough to be quick, small enough that orders of the same products hardly wait.
CHUNK: Final = 500

# A line without `active` leaves it as it is. Yet a product without a price, made inactive because it was only looked at, is on
# sale with its first price. Sorted by SKU, so that two imports never deadlock; xmax is 0 in a row that was not there before.
_UPSERT: Final = text("""
    INSERT INTO products AS stored (sku, name, price, currency, active)
    SELECT sku, name, price, currency, coalesce(active, true)
    FROM unnest(
        CAST(:skus AS text[]), CAST(:names AS text[]), CAST(:prices AS numeric[]), CAST(:currencies AS text[]),
        CAST(:actives AS boolean[])
    ) AS line (sku, name, price, currency, active)
    ORDER BY sku
    ON CONFLICT (sku) DO UPDATE
    SET name = excluded.name, price = excluded.price, currency = excluded.currency, updated_at = now(),
        active = CASE WHEN excluded.sku = ANY (CAST(:kept AS text[]))
            THEN stored.active OR (stored.price = 0 AND excluded.price > 0) ELSE excluded.active END
    WHERE (stored.name, stored.price, stored.currency) <> (excluded.name, excluded.price, excluded.currency)
        OR (stored.active <> excluded.active AND excluded.sku <> ALL (CAST(:kept AS text[])))
    RETURNING xmax = 0 AS created
""")


class ProductLine(msgspec.Struct, forbid_unknown_fields=True):
    """A product as it is to be, with the rules of POST /products."""

    sku: Sku
    name: Name
    price: PriceText
    currency: Annotated[str, Meta(description='a currency code of ISO 4217, such as "EUR"', examples=["EUR"])]
    active: bool | None = None

    def __post_init__(self) -> None:
        if self.currency not in CURRENCIES:
            raise ValueError('currency must be a code of ISO 4217, such as "EUR"')
        self.sku = self.sku.strip()
        self.name = self.name.strip()


class ImportedProducts(msgspec.Struct, frozen=True):
    """What became of the lines."""

    created: int
    changed: int
    unchanged: int
    refused: list[RefusedLine]

    @property
    def nothing_came_in(self) -> bool:
        return bool(self.refused) and not (self.created or self.changed or self.unchanged)


@dataclass
class _Progress:
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: list[RefusedLine] = field(default_factory=list)


_decoder = msgspec.json.Decoder(ProductLine)


async def import_products(sessions: Sessions, body: AsyncIterable[bytes]) -> ImportedProducts:
    """Adds the products that are not there, and changes those that differ. What was committed before an error stays."""
    progress = _Progress()
    chunk: dict[str, ProductLine] = {}
    async for number, line in read_lines(body):
        try:
            if isinstance(line, LineRefused):
                raise line
            product = parse_line(_decoder, line)
        except LineRefused as refusal:
            progress.refused.append(RefusedLine(number, str(refusal)))
            continue
        # A SKU that comes twice is two changes, one after the other.
        if product.sku in chunk or len(chunk) == CHUNK:
            await _import(sessions, chunk.values(), progress)
            chunk = {}
        chunk[product.sku] = product
    if chunk:
        await _import(sessions, chunk.values(), progress)
    return ImportedProducts(progress.created, progress.changed, progress.unchanged, progress.refused)


async def _import(sessions: Sessions, lines: Collection[ProductLine], progress: _Progress) -> None:
    created = await retry_conflicts(lambda: _commit(sessions, lines))
    progress.created += created.count(True)
    progress.changed += created.count(False)
    progress.unchanged += len(lines) - len(created)


async def _commit(sessions: Sessions, lines: Collection[ProductLine]) -> list[bool]:
    async with sessions() as session, session.begin():
        return await _upsert(session, lines)


async def _upsert(session: AsyncSession, lines: Collection[ProductLine]) -> list[bool]:
    """For each product that was written, whether it was created."""
    written = await session.execute(
        _UPSERT,
        {
            "skus": [line.sku for line in lines],
            "names": [line.name for line in lines],
            "prices": [line.price for line in lines],
            "currencies": [line.currency for line in lines],
            "actives": [line.active for line in lines],
            "kept": [line.sku for line in lines if line.active is None],
        },
    )
    return list(written.scalars())
