"""Finds accounts and products by what requests call them: our ids, or a shop's own references."""

from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Text, any_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from ordercast.contracts.because import Sentence, sentence
from ordercast.services.order_api.accounts.email_addresses import as_signed_up
from ordercast.services.order_api.accounts.tables import Account
from ordercast.services.order_api.products.tables import Product


class PricedProduct(NamedTuple):
    """A product; one `without_price` is only known from views."""

    id: int
    currency: str
    without_price: bool


def one_of_ids(column: InstrumentedAttribute[int], ids: Collection[int]) -> ColumnElement[bool]:
    """`column = ANY (ids)`: one parameter, however many ids."""
    return column == any_(literal(list(ids), ARRAY(BigInteger)))


def _one_of_names(column: InstrumentedAttribute[Any], names: Collection[str]) -> ColumnElement[bool]:
    return column == any_(literal(list(names), ARRAY(Text)))


async def known_accounts(session: AsyncSession, ids: Collection[int]) -> set[int]:
    return set(await session.scalars(select(Account.id).where(one_of_ids(Account.id, ids)))) if ids else set()


async def known_products(session: AsyncSession, ids: Collection[int]) -> set[int]:
    return set(await session.scalars(select(Product.id).where(one_of_ids(Product.id, ids)))) if ids else set()


async def accounts_by_ref(session: AsyncSession, refs: Collection[str]) -> dict[str, int]:
    if not refs:
        return {}
    rows = await session.execute(
        select(Account.account_ref, Account.id).where(_one_of_names(Account.account_ref, refs))
    )
    return {row.account_ref: row.id for row in rows}


async def accounts_named(session: AsyncSession, names: Collection[str | int]) -> dict[str | int, int]:
    """The ids of accounts by what a shop's data call them: its own reference, or else an email address; a number is an id.

    No number in a text is taken for an id: with a shop's customer numbers that would be a stranger's.
    """
    ids = await known_accounts(session, [name for name in names if isinstance(name, int)])
    refs = [name for name in names if isinstance(name, str)]
    by_email = await _accounts_by_email(session, [ref for ref in refs if "@" in ref])
    found: dict[str | int, int] = {account: account for account in ids}
    found.update(by_email)
    found.update(await accounts_by_ref(session, refs))
    return found


async def _accounts_by_email(session: AsyncSession, emails: Collection[str]) -> dict[str, int]:
    """Compared as sign-up compares them."""
    if not emails:
        return {}
    forms = {email: as_signed_up(email) for email in emails}
    wanted = select(func.unnest(literal(list(set(forms.values())), ARRAY(Text))).label("email")).subquery()
    rows = await session.execute(
        select(wanted.c.email, Account.id).join(Account, func.lower(Account.email) == func.lower(wanted.c.email))
    )
    found = {row.email: row.id for row in rows}
    return {email: found[form] for email, form in forms.items() if form in found}


def no_account(name: str | int) -> Sentence:
    """Why a line is refused that names an account which is not there."""
    if isinstance(name, int):
        return sentence("no-account-with-id", account=str(name))
    return sentence("no-account-called", name=repr(name))


async def products_by_sku(session: AsyncSession, skus: Collection[str]) -> dict[str, int]:
    if not skus:
        return {}
    rows = await session.execute(select(Product.sku, Product.id).where(_one_of_names(Product.sku, skus)))
    return {row.sku: row.id for row in rows}


async def priced_products_by_sku(session: AsyncSession, skus: Collection[str]) -> dict[str, PricedProduct]:
    rows = await session.execute(
        select(
            Product.sku, Product.id, Product.currency, (~Product.active & (Product.price == 0)).label("without_price")
        ).where(_one_of_names(Product.sku, skus))
    )
    return {row.sku: PricedProduct(row.id, row.currency, row.without_price) for row in rows}
