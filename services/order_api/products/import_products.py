"""Adds and changes many products by SKU: lines are parsed as they stream in and committed chunk by chunk."""

from collections.abc import AsyncIterable, Collection
from dataclasses import dataclass
from typing import Final

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.contracts.text import Currency, Name, PriceText, Sku
from ordercast.services.order_api.ndjson import LineRefused, parse_line, read_lines
from ordercast.services.order_api.refused_lines import ImportCounts, RefusedLine, RefusedLines
from ordercast.services.shared.audit.record import record_act
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.retry import retry_conflicts
from ordercast.services.shared.http.caller import Caller

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
    currency: Currency
    active: bool | None = None

    def __post_init__(self) -> None:
        self.sku = self.sku.strip()
        self.name = self.name.strip()


class ImportedProducts(ImportCounts, frozen=True):
    """What became of the lines."""

    created: int
    changed: int
    unchanged: int
    refused: list[RefusedLine]


@dataclass
class _Written:
    created: int = 0
    changed: int = 0
    unchanged: int = 0


_decoder = msgspec.json.Decoder(ProductLine)


async def import_products(
    sessions: Sessions, by: Caller, body: AsyncIterable[bytes], refused: RefusedLines
) -> ImportedProducts:
    """Adds the products that are not there, and changes those that differ; `refused` gets the lines that are not taken.

    That it starts has a line in the audit log. What was committed before an error stays.

    Raises:
        NotNdjson: the body is something else.
        NoRoomForReport: the refused lines cannot be kept.
    """
    async with sessions() as session, session.begin():
        record_act(session, "product-import-started", by)
    written = _Written()
    chunk: dict[str, ProductLine] = {}
    unread: list[RefusedLine] = []
    async for number, line in read_lines(body):
        try:
            if isinstance(line, LineRefused):
                raise line
            product = parse_line(_decoder, line)
        except LineRefused as refusal:
            unread.append(RefusedLine.of(number, refusal))
            if len(unread) == CHUNK:
                await refused.add(unread)
                unread = []
            continue
        # A SKU that comes twice is two changes, one after the other.
        if product.sku in chunk or len(chunk) == CHUNK:
            await _import(sessions, chunk.values(), written)
            chunk = {}
        chunk[product.sku] = product
    if chunk:
        await _import(sessions, chunk.values(), written)
    await refused.add(unread)
    return ImportedProducts(written.created, written.changed, written.unchanged, [])


async def _import(sessions: Sessions, lines: Collection[ProductLine], written: _Written) -> None:
    created = await retry_conflicts(lambda: _commit(sessions, lines))
    written.created += created.count(True)
    written.changed += created.count(False)
    written.unchanged += len(lines) - len(created)


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
