"""Turns the lines of a view batch into events: whose view, of which product, when."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.contracts import event_times
from ordercast.contracts.because import sentence
from ordercast.services.order_api import references
from ordercast.services.order_api.missing_references import (
    NewProduct,
    create_missing_accounts,
    create_missing_products,
)
from ordercast.services.order_api.ndjson import LineRefused
from ordercast.services.order_api.views.lines import EVENT_OF, ViewEvent, ViewLine
from ordercast.services.shared.http.caller import Caller

# Views that a line of a customer's batch may count: as many as somebody adds up in months. Others' lines have no such limit.
MAX_CUSTOMERS_LINE: Final = 10_000

NumberedLine = tuple[int, ViewLine]
ResolvedLine = tuple[int, ViewEvent | LineRefused]


@dataclass(frozen=True, slots=True)
class CreateMissing:
    """Accounts and products that are not there are created. A product needs a `currency` (ISO 4217); its price is not known."""

    currency: str | None


@dataclass(frozen=True, slots=True)
class _Known:
    """What the database knows of the references in a batch."""

    accounts: set[int]
    products: set[int]
    accounts_by_name: dict[str | int, int]
    products_by_sku: dict[str, int]


class _Pair(NamedTuple):
    """Whose view, and of what: ids, or the reference of an account and the product that are to be created."""

    account: int | str
    product: int | NewProduct


async def resolve_lines(
    session: AsyncSession,
    caller: Caller,
    lines: Sequence[NumberedLine],
    now: datetime,
    create: CreateMissing | None = None,
) -> list[ResolvedLine]:
    """For each line its event, or why it is refused. A line that is refused creates nothing."""
    known = _Known(
        accounts=await references.known_accounts(session, _named(line.account_id for _, line in lines)),
        products=await references.known_products(session, _named(line.product_id for _, line in lines)),
        accounts_by_name=await references.accounts_named(session, _named(line.account_ref for _, line in lines)),
        products_by_sku=await references.products_by_sku(session, _named(line.sku for _, line in lines)),
    )
    resolved = [(number, line, _resolve(line, caller, known, now, create)) for number, line in lines]
    accounts, products = await _created(session, [pair for _, _, pair in resolved if isinstance(pair, _Pair)])
    return [
        (number, pair if isinstance(pair, LineRefused) else _event(line, pair, accounts, products, now))
        for number, line, pair in resolved
    ]


def _event(line: ViewLine, pair: _Pair, accounts: dict[str, int], products: dict[str, int], now: datetime) -> ViewEvent:
    return EVENT_OF[line.kind](
        account_id=accounts[pair.account] if isinstance(pair.account, str) else pair.account,
        product_id=products[pair.product.sku] if isinstance(pair.product, NewProduct) else pair.product,
        count=line.count,
        occurred_at=(line.occurred_at or now).astimezone(UTC),
        simulated=line.simulated,
    )


async def _created(session: AsyncSession, pairs: Sequence[_Pair]) -> tuple[dict[str, int], dict[str, int]]:
    """The ids of what is created, by reference and by SKU. A product that comes twice has its first name."""
    accounts = {pair.account for pair in pairs if isinstance(pair.account, str)}
    products = {pair.product.sku: pair.product for pair in reversed(pairs) if isinstance(pair.product, NewProduct)}
    if accounts:
        await create_missing_accounts(session, accounts)
    await create_missing_products(session, list(products.values()))
    return (
        await references.accounts_by_ref(session, accounts),
        await references.products_by_sku(session, list(products)),
    )


def _resolve(
    line: ViewLine, caller: Caller, known: _Known, now: datetime, create: CreateMissing | None
) -> _Pair | LineRefused:
    try:
        if reason := event_times.refusal(line.occurred_at or now, now):
            raise LineRefused(reason)  # noqa: TRY301 - one way out for every reason
        if line.count > MAX_CUSTOMERS_LINE and not caller.for_all:
            raise LineRefused(f"a line of a customer's batch counts {MAX_CUSTOMERS_LINE} at most")  # noqa: TRY301
        return _Pair(_account(line, caller, known, create), _product(line, known, create))
    except LineRefused as refusal:
        return refusal


def _account(line: ViewLine, caller: Caller, known: _Known, create: CreateMissing | None) -> int | str:
    if line.account_id is None and line.account_ref is None:
        return caller.account_id
    if not caller.for_all:
        raise LineRefused("a customer's lines may not name an account")
    if line.account_id is not None and line.account_ref is not None:
        raise LineRefused("account_id and account_ref are both given")
    if line.account_id is not None:
        if line.account_id not in known.accounts:
            raise LineRefused(references.no_account(line.account_id))
        return line.account_id
    name = line.account_ref or ""
    if name in known.accounts_by_name:
        return known.accounts_by_name[name]
    # Ids are ours to give: a number that is not there is a mistake.
    if create is None or isinstance(name, int):
        raise LineRefused(references.no_account(name))
    return name


def _product(line: ViewLine, known: _Known, create: CreateMissing | None) -> int | NewProduct:
    if (line.product_id is None) == (line.sku is None):
        raise LineRefused("give either product_id or sku")
    if line.product_id is not None:
        if line.product_id not in known.products:
            raise LineRefused(sentence("no-product", product=str(line.product_id)))
        return line.product_id
    sku = line.sku or ""
    if sku in known.products_by_sku:
        return known.products_by_sku[sku]
    if create is None:
        raise LineRefused(sentence("no-product-called", sku=repr(sku)))
    if create.currency is None:
        raise LineRefused(sentence("no-product-called-nor-currency", sku=repr(sku)))
    return NewProduct(sku, line.name or sku, None, create.currency)


Name = TypeVar("Name", bound=int | str)


def _named(names: Iterable[Name | None]) -> set[Name]:
    return {name for name in names if name is not None}
