"""One row becomes one line of an order or of a cancellation, or is refused with a reason.

Times: the file has the shop's wall clock without a zone. The shop sits in London, so times are read as Europe/London; of the
hour that comes twice in autumn the first is meant, and the hour left out in spring is refused.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from ordercast.imports.online_retail.rows import COLUMNS, RawRow, RefusedRow

SHOP_TIME: Final = ZoneInfo("Europe/London")
# What the order API takes: pieces of one line, and money as NUMERIC(12,4).
QUANTITY_MAX: Final = 1_000_000
PRICE_LIMIT: Final = Decimal(100_000_000)
PRICE_DECIMALS: Final = 4
REFERENCE_MAX: Final = 255  # characters of a customer's or an invoice's number
SKU_MAX: Final = 100
NAME_MAX: Final = 200

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}")
_DECIMAL: Final = re.compile(r"[+-]?[0-9]{1,12}(\.[0-9]{1,12})?")
_INVOICE: Final = re.compile(r"(C?)[0-9]+")
_ADJUSTMENT: Final = re.compile(r"[A-Z][0-9]+")
# What a name may not have; a line feed within a cell is one.
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
# How a program writes a cell that was empty.
_EMPTY: Final = frozenset({"", "nan", "null", "none"})
_CUSTOMER: Final = re.compile(r"(.*?)(\.0)?")  # spreadsheets write whole numbers as 17850.0


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an invoice, with the row it was read from. `quantity` is positive, for a cancellation too."""

    row: RawRow
    order_ref: str
    cancellation: bool
    account_ref: str
    occurred_at: datetime
    sku: str
    name: str
    quantity: int
    unit_price: Decimal


class _Refused(Exception):
    """Why a cell cannot be taken."""


def clean(row: RawRow) -> Line | RefusedRow:
    """The line that a row stands for, or its refusal. Knows nothing of other rows."""
    try:
        return _line(row)
    except _Refused as refused:
        return RefusedRow(row, str(refused))


def _line(row: RawRow) -> Line:
    if len(row.cells) != len(COLUMNS):
        raise _Refused(f"the row has not {len(COLUMNS)} columns")
    if not all(_is_text(cell) for cell in row.cells):
        raise _Refused("not UTF-8, or a NUL character in the text")
    invoice, sku, name, quantity, date, price, customer, _country = (cell.strip() for cell in row.cells)
    cancellation = _is_cancellation(invoice)
    return Line(
        row=row,
        order_ref=invoice,
        cancellation=cancellation,
        account_ref=_customer(customer),
        occurred_at=_time(date),
        sku=_short(sku, "StockCode", SKU_MAX),
        name=_CONTROL.sub(" ", name)[:NAME_MAX].strip(),
        quantity=_quantity(quantity, cancellation=cancellation),
        unit_price=_price(price),
    )


def _is_text(cell: str) -> bool:
    """Whether PostgreSQL can store it; bytes that are not UTF-8 were read as lone surrogates."""
    if "\0" in cell:
        return False
    return cell.isascii() or not any("\ud800" <= character <= "\udfff" for character in cell)


def _is_cancellation(invoice: str) -> bool:
    if not invoice:
        raise _Refused("no InvoiceNo")
    match = _INVOICE.fullmatch(invoice)
    if match is None:
        adjustment = _ADJUSTMENT.fullmatch(invoice)
        raise _Refused("an adjustment, not an order" if adjustment else "InvoiceNo is no number")
    return match[1] == "C"


def _customer(text: str) -> str:
    match = _CUSTOMER.fullmatch(text)
    if match is None or match[1].lower() in _EMPTY:
        raise _Refused("no CustomerID")
    return _short(match[1], "CustomerID", REFERENCE_MAX)


def _short(text: str, column: str, longest: int) -> str:
    if not text:
        raise _Refused(f"no {column}")
    if len(text) > longest:
        raise _Refused(f"{column} is longer than {longest} characters")
    if _CONTROL.search(text):
        raise _Refused(f"{column} has a control character")
    return text


def _time(text: str) -> datetime:
    try:
        wall = datetime.fromisoformat(text)
    except ValueError:
        raise _Refused("InvoiceDate is no date and time") from None
    if wall.tzinfo is not None:
        return wall.astimezone(UTC)
    local = wall.replace(tzinfo=SHOP_TIME)
    time = local.astimezone(UTC)
    if time.astimezone(SHOP_TIME).replace(tzinfo=None) != wall:
        raise _Refused("InvoiceDate is in the hour that summer time leaves out")
    return time


def _quantity(text: str, *, cancellation: bool) -> int:
    if not _INTEGER.fullmatch(text):
        raise _Refused("Quantity is no whole number")
    quantity = -int(text) if cancellation else int(text)
    if quantity <= 0:
        raise _Refused("Quantity of a cancellation is not negative" if cancellation else "Quantity is zero or less")
    if quantity > QUANTITY_MAX:
        raise _Refused(f"Quantity is more than {QUANTITY_MAX:,}")
    return quantity


def _price(text: str) -> Decimal:
    if not _DECIMAL.fullmatch(text):
        raise _Refused("UnitPrice is no decimal number")
    price = Decimal(text)
    if price <= 0:
        raise _Refused("UnitPrice is zero or less")
    if price >= PRICE_LIMIT:
        raise _Refused(f"UnitPrice is {PRICE_LIMIT:,} or more")
    if price != round(price, PRICE_DECIMALS):
        raise _Refused(f"UnitPrice has more than {PRICE_DECIMALS} decimals")
    return price
