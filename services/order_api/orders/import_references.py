"""The accounts and products that lines of an import name: those that are there, and those to create for accepted lines."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC
from decimal import Decimal
from typing import Self

from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from ordercast.contracts.because import sentence
from ordercast.contracts.events import OrderItem
from ordercast.services.order_api.errors import Overtaken
from ordercast.services.order_api.missing_references import (
    NewProduct,
    create_missing_accounts,
    create_missing_products,
)
from ordercast.services.order_api.ndjson import LineRefused
from ordercast.services.order_api.orders.import_lines import ImportLine
from ordercast.services.order_api.orders.write_orders import OrderRow
from ordercast.services.order_api.references import (
    PricedProduct,
    accounts_named,
    no_account,
    priced_products_by_sku,
)


@dataclass(slots=True)
class ImportReferences:
    """Nothing is created before `create`, and then only what accepted lines name: a refused line leaves nothing behind.

    `currency` (ISO 4217) is that of created products of lines that have none.
    """

    create_missing: bool
    currency: str | None
    accounts: dict[str | int, int]
    products: dict[str, PricedProduct]
    new_accounts: set[str] = field(default_factory=set)
    new_products: dict[str, NewProduct] = field(default_factory=dict)

    @classmethod
    async def read(
        cls, session: AsyncSession, lines: Sequence[ImportLine], *, create_missing: bool, currency: str | None
    ) -> Self:
        accounts = await accounts_named(session, {line.account_ref for line in lines})
        products = await priced_products_by_sku(session, {item.sku for line in lines for item in line.items})
        return cls(create_missing, currency, accounts, products)

    def accept(self, line: ImportLine) -> None:
        """Plans to create what is missing for the line.

        Raises:
            LineRefused: it names an account or product that is not there and may not be created, or several currencies.
        """
        unknown = line.account_ref not in self.accounts
        if unknown and (isinstance(line.account_ref, int) or not self.create_missing):
            raise LineRefused(no_account(line.account_ref))
        new = self._new_products(line)
        # Not made into one dict: for each line that would copy what all lines before it have planned.
        currencies = {
            (new.get(item.sku) or self.new_products.get(item.sku) or self.products[item.sku]).currency
            for item in line.items
        }
        if line.currency is None and len(currencies) > 1:
            raise LineRefused(sentence("several-currencies", currencies=", ".join(sorted(currencies))))
        if unknown and isinstance(line.account_ref, str):
            self.new_accounts.add(line.account_ref)
        self.new_products.update(new)

    def _new_products(self, line: ImportLine) -> dict[str, NewProduct]:
        new: dict[str, NewProduct] = {}
        for item in line.items:
            known = self.products.get(item.sku)
            if known is None and not self.create_missing:
                raise LineRefused(sentence("no-product-called", sku=repr(item.sku)))
            price = Decimal(item.unit_price) or None  # what is given away tells no price
            planned = new.get(item.sku) or self.new_products.get(item.sku)
            if known is not None and not (known.without_price and price):
                continue
            if planned is not None and (planned.price is not None or line.currency not in (None, planned.currency)):
                continue
            currency = (planned or line).currency or self.currency or (known and known.currency)
            if currency is None:
                raise LineRefused(sentence("product-needs-currency", sku=repr(item.sku)))
            new[item.sku] = NewProduct(item.sku, item.name or item.sku, price, currency)
        return new

    async def create(self, session: AsyncSession) -> None:
        """Creates what accepted lines miss.

        Raises:
            Overtaken: somebody else has just created one of the products with another currency.
        """
        await create_missing_accounts(session, self.new_accounts)
        await create_missing_products(session, self.new_products.values())
        self.accounts |= await accounts_named(session, self.new_accounts)
        created = await priced_products_by_sku(session, self.new_products)
        if any(created[sku].currency != product.currency for sku, product in self.new_products.items()):
            raise Overtaken("somebody else has created the same products at the same moment")
        self.products |= created

    def row(self, line: ImportLine) -> OrderRow:
        """The order of an accepted line, once all that it names is there."""
        confirmed_at, cancelled_at = line.was_confirmed_at, line.was_cancelled_at
        occurred_at = line.occurred_at.astimezone(UTC)
        if line.is_cancellation:
            cancelled_at = occurred_at
        return OrderRow(
            id=uuid7(),
            account_id=self.accounts[line.account_ref],
            status=line.status or "CANCELLED",
            currency=line.currency or self.products[line.items[0].sku].currency,
            items=[
                OrderItem(number, self.products[item.sku].id, int(item.quantity), Decimal(item.unit_price))
                for number, item in enumerate(line.items, start=1)
            ],
            created_at=occurred_at,
            confirmed_at=confirmed_at and confirmed_at.astimezone(UTC),
            cancelled_at=cancelled_at and cancelled_at.astimezone(UTC),
            order_ref=line.order_ref,
            is_cancellation=line.is_cancellation,
        )
