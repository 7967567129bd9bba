"""Turns the lines of a view batch into events: whose view, of which product, when."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.contracts.events import ProductViewed
from ordercast.services.order_api import event_times, references
from ordercast.services.order_api.ndjson import LineRefused
from ordercast.services.order_api.views.lines import ViewLine
from ordercast.services.shared.http.caller import Caller

# Views that a line of a customer's batch may count: as many as somebody adds up in months. An admin's lines have no such limit.
MAX_CUSTOMERS_LINE: Final = 10_000

NumberedLine = tuple[int, ViewLine]
ResolvedLine = tuple[int, ProductViewed | LineRefused]


@dataclass(frozen=True, slots=True)
class _Known:
    """What the database knows of the references in a batch."""

    accounts: set[int]
    products: set[int]
    accounts_by_ref: dict[str, int]
    products_by_sku: dict[str, int]


async def resolve_lines(
    session: AsyncSession, caller: Caller, lines: Sequence[NumberedLine], now: datetime
) -> list[ResolvedLine]:
    """For each line its event, or why it is refused."""
    known = _Known(
        accounts=await references.known_accounts(session, _named(line.account_id for _, line in lines)),
        products=await references.known_products(session, _named(line.product_id for _, line in lines)),
        accounts_by_ref=await references.accounts_by_ref(session, _named(line.account_ref for _, line in lines)),
        products_by_sku=await references.products_by_sku(session, _named(line.sku for _, line in lines)),
    )
    return [(number, _resolve(line, caller, known, now)) for number, line in lines]


def _resolve(line: ViewLine, caller: Caller, known: _Known, now: datetime) -> ProductViewed | LineRefused:
    try:
        occurred_at = line.occurred_at or now
        if reason := event_times.refusal(occurred_at, now):
            raise LineRefused(reason)  # noqa: TRY301 - one way out for every reason
        if line.count > MAX_CUSTOMERS_LINE and not caller.is_admin:
            raise LineRefused(f"a line of a customer's batch counts {MAX_CUSTOMERS_LINE} at most")  # noqa: TRY301
        return ProductViewed(
            account_id=_account(line, caller, known),
            product_id=_product(line, known),
            count=line.count,
            occurred_at=occurred_at.astimezone(UTC),
            simulated=line.simulated,
        )
    except LineRefused as refusal:
        return refusal


def _account(line: ViewLine, caller: Caller, known: _Known) -> int:
    if line.account_id is None and line.account_ref is None:
        return caller.account_id
    if not caller.is_admin:
        raise LineRefused("only an admin's lines may name an account")
    if line.account_id is not None and line.account_ref is not None:
        raise LineRefused("account_id and account_ref are both given")
    if line.account_id is not None:
        if line.account_id not in known.accounts:
            raise LineRefused(f"there is no account {line.account_id}")
        return line.account_id
    if line.account_ref not in known.accounts_by_ref:
        raise LineRefused(f"there is no account with the reference {line.account_ref!r}")
    return known.accounts_by_ref[line.account_ref]


def _product(line: ViewLine, known: _Known) -> int:
    if (line.product_id is None) == (line.sku is None):
        raise LineRefused("give either product_id or sku")
    if line.product_id is not None:
        if line.product_id not in known.products:
            raise LineRefused(f"there is no product {line.product_id}")
        return line.product_id
    if line.sku not in known.products_by_sku:
        raise LineRefused(f"there is no product with the sku {line.sku!r}")
    return known.products_by_sku[line.sku]


Name = TypeVar("Name", int, str)


def _named(names: Iterable[Name | None]) -> set[Name]:
    return {name for name in names if name is not None}
