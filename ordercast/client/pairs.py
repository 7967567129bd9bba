"""What the worker knows of one account and one product, at order_api, and whether that is right. Needs an operator."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from msgspec import Struct

from ordercast.client.session import Session
from ordercast.client.transport import Request


class PairRow(Struct, frozen=True):
    """`ordercast.contracts.features` says what each field means; `updated_at` is when the worker changed it."""

    first_ordered_at: datetime | None
    first_quantity: int | None
    first_order_quantity: int | None
    first_price: Decimal | None
    order_count: int
    total_quantity: int
    cancelled_quantity: int
    view_count: int
    views_before_first_order: int
    last_viewed_at: datetime | None
    last_ordered_at: datetime | None
    updated_at: datetime


class PairDay(Struct, frozen=True):
    day: date
    known_on: date
    orders: int
    first_lines: int
    order_lines: int
    quantity: int
    amount: Decimal
    cancelled_quantity: int
    views: int
    carts: int


class KnownPair(Struct, frozen=True):
    """`row` is None before anything happened; `days` are the newest."""

    account_id: int
    product_id: int
    row: PairRow | None
    days: list[PairDay]
    has_more: bool
    as_of: datetime


class Difference(Struct, frozen=True):
    """Without a day it is in the feature row; without a `field` a whole row is missing or should not be there."""

    day: date | None
    known_on: date | None
    field: str | None
    expected: str | None
    found: str | None


class Verification(Struct, frozen=True):
    """`views_left_out` is why only what orders say was compared; None: all was."""

    difference_count: int
    differences: list[Difference]
    order_lines: int
    view_events: int
    records_read: int
    views_left_out: str | None
    as_of: datetime
    took_s: float


@dataclass(frozen=True, slots=True)
class PairsApi:
    """Each method raises ProblemAnswer where the service refuses, and ServiceUnreachable where none answers."""

    session: Session

    async def known(self, account_id: int, product_id: int) -> KnownPair:
        return await self.session.ask(Request("GET", self._url(account_id, product_id), repeatable=True), KnownPair)

    async def verify(self, account_id: int, product_id: int) -> Verification:
        """Computes row and days anew from orders and views, and compares: it takes seconds."""
        url = f"{self._url(account_id, product_id)}/verification"
        return await self.session.ask(Request("POST", url, repeatable=True), Verification)

    def _url(self, account_id: int, product_id: int) -> str:
        return f"{self.session.order_api}/pairs/{account_id}/{product_id}"
