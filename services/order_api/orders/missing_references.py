"""Creates the accounts and products that an import names and that are not there yet."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.services.order_api.orders.import_lines import ImportItem, ImportLine
from ordercast.services.order_api.references import accounts_by_ref, priced_products_by_sku

# Sorted by reference: two imports at once never deadlock.
_CREATE_ACCOUNTS: Final = text("""
    INSERT INTO accounts (nickname, role, login_type, account_ref)
    SELECT ref || CAST(:suffix AS text), 'CUSTOMER', 'EXTERNAL', ref
    FROM unnest(CAST(:refs AS text[])) AS r (ref) ORDER BY ref
    ON CONFLICT DO NOTHING
""")
_CREATE_PRODUCTS: Final = text("""
    INSERT INTO products (sku, name, price, currency)
    SELECT sku, name, price, CAST(:currency AS text)
    FROM unnest(CAST(:skus AS text[]), CAST(:names AS text[]), CAST(:prices AS numeric[])) AS p (sku, name, price)
    ORDER BY sku
    ON CONFLICT DO NOTHING
""")


async def create_missing_accounts(session: AsyncSession, lines: Sequence[ImportLine]) -> None:
    """Makes an account without login for each unknown reference; a taken nickname gets _1, _2, ..."""
    wanted = {line.account_ref for line in lines}
    missing = wanted - set(await accounts_by_ref(session, wanted))
    suffix = 0
    while missing:
        ending = f"_{suffix}" if suffix else ""
        await session.execute(_CREATE_ACCOUNTS, {"refs": sorted(missing), "suffix": ending})
        missing -= set(await accounts_by_ref(session, missing))
        suffix += 1


async def create_missing_products(session: AsyncSession, lines: Sequence[ImportLine], currency: str) -> None:
    """Makes a product for each unknown SKU, with the name and price of the first line that has it."""
    first: dict[str, ImportItem] = {}
    for line in lines:
        for item in line.items:
            first.setdefault(item.sku, item)
    there = await priced_products_by_sku(session, list(first))
    missing = sorted(first.keys() - there.keys())
    if missing:
        await session.execute(
            _CREATE_PRODUCTS,
            {
                "skus": missing,
                "names": [first[sku].name or sku for sku in missing],
                "prices": [first[sku].unit_price for sku in missing],
                "currency": currency,
            },
        )
