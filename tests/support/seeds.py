"""Rows that a test starts from, written straight into the database."""

from collections.abc import Sequence
from decimal import Decimal

from ordercast.services.order_api.accounts.tables import Account
from ordercast.services.order_api.products.tables import Product
from ordercast.services.shared.db.engine import Sessions


async def seed_accounts(sessions: Sessions, count: int) -> list[int]:
    """Accounts of a shop's import; their ids."""
    accounts = [
        Account(nickname=f"seed-{number}", role="CUSTOMER", login_type="EXTERNAL", account_ref=f"seed-{number}")
        for number in range(count)
    ]
    async with sessions() as session, session.begin():
        session.add_all(accounts)
        await session.flush()
        return [account.id for account in accounts]


async def seed_products(sessions: Sessions, prices: Sequence[str], currency: str = "EUR") -> list[int]:
    """Products at these prices; their ids."""
    products = [
        Product(sku=f"sku-{currency}-{number}", name=f"Product {number}", price=Decimal(price), currency=currency)
        for number, price in enumerate(prices)
    ]
    async with sessions() as session, session.begin():
        session.add_all(products)
        await session.flush()
        return [product.id for product in products]
