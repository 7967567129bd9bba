"""Creates accounts and products that a shop's own data name and that are not there yet. Part of the caller's transaction."""

from collections.abc import Collection
from decimal import Decimal
from typing import Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.services.order_api.accounts.nicknames import key_of
from ordercast.services.order_api.references import accounts_by_ref

# Sorted by reference: two imports at once never deadlock.
_CREATE_ACCOUNTS: Final = text("""
    INSERT INTO accounts (nickname, nickname_key, role, login_type, account_ref)
    SELECT nickname, key, 'CUSTOMER', 'EXTERNAL', ref
    FROM unnest(CAST(:nicknames AS text[]), CAST(:keys AS text[]), CAST(:refs AS text[])) AS r (nickname, key, ref)
    ORDER BY ref
    ON CONFLICT DO NOTHING
""")
_CREATE_PRODUCTS: Final = text("""
    INSERT INTO products (sku, name, price, currency, active)
    SELECT sku, name, coalesce(price, 0), currency, price IS NOT NULL
    FROM unnest(
        CAST(:skus AS text[]), CAST(:names AS text[]), CAST(:prices AS numeric[]), CAST(:currencies AS text[])
    ) AS p (sku, name, price, currency)
    ORDER BY sku
    ON CONFLICT DO NOTHING
""")
# Inactive and free is what a product is that was made without a price.
_PRICE_PRODUCTS: Final = text("""
    UPDATE products SET name = n.name, price = n.price, currency = n.currency, active = true, updated_at = now()
    FROM unnest(
        CAST(:skus AS text[]), CAST(:names AS text[]), CAST(:prices AS numeric[]), CAST(:currencies AS text[])
    ) AS n (sku, name, price, currency)
    WHERE products.sku = n.sku AND NOT products.active AND products.price = 0
""")


class NewProduct(NamedTuple):
    """Without a price, as views know a product, it is created inactive: the first order or upsert with a price sells it."""

    sku: str
    name: str
    price: Decimal | None
    currency: str


async def create_missing_accounts(session: AsyncSession, refs: Collection[str]) -> None:
    """Makes an account without login for each unknown reference; a taken nickname gets _1, _2, ..."""
    missing = set(refs) - set(await accounts_by_ref(session, refs))
    suffix = 0
    while missing:
        ending = f"_{suffix}" if suffix else ""
        nicknames = {ref: f"{ref}{ending}" for ref in missing}
        await session.execute(
            _CREATE_ACCOUNTS,
            {
                "refs": list(nicknames),
                "nicknames": list(nicknames.values()),
                "keys": [key_of(nickname) for nickname in nicknames.values()],
            },
        )
        missing -= set(await accounts_by_ref(session, missing))
        suffix += 1


async def create_missing_products(session: AsyncSession, products: Collection[NewProduct]) -> None:
    """Makes each product whose SKU is not there yet; of those that were made without a price it sets the price."""
    if not products:
        return
    await session.execute(_CREATE_PRODUCTS, _columns(products))
    if priced := [product for product in products if product.price is not None]:
        await session.execute(_PRICE_PRODUCTS, _columns(priced))


def _columns(products: Collection[NewProduct]) -> dict[str, list[object]]:
    rows = sorted(products)
    return {
        "skus": [row.sku for row in rows],
        "names": [row.name for row in rows],
        "prices": [row.price for row in rows],
        "currencies": [row.currency for row in rows],
    }
