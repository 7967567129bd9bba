"""The cells of a row by field, read as text, number or time."""

import re
from collections.abc import Mapping as Names
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from ordercast.contracts import event_times
from ordercast.contracts.because import Sentence, sentence
from ordercast.contracts.currencies import CURRENCIES
from ordercast.contracts.limits import MAX_PRICE, MAX_QUANTITY
from ordercast.contracts.text import MAX_NAME, MAX_REFERENCE, MAX_SKU, AccountRef, Name, Reference, Sku
from ordercast.imports.columns.numbers import Decimals, read_number
from ordercast.imports.columns.times import NoTime, TimeForm, read_time
from ordercast.imports.files.table import Row
from ordercast.imports.profiles.mapping import Columns, Mapping, Subject, as_word

# What order_api takes as one, and its characters.
_TEXTS: Final[Names[str, tuple[Any, int]]] = {
    "order_ref": (Reference, MAX_REFERENCE),
    "account_ref": (AccountRef, MAX_REFERENCE),
    "sku": (Sku, MAX_SKU),
    "name": (Name, MAX_NAME),
}
PRICE_DECIMALS: Final = 4
_WHOLE: Final = re.compile(r"([0-9]+)\.0")  # spreadsheets write whole numbers as 17850.0
_NOTHING: Final = frozenset({"nan", "null", "none"})  # what programs write for a reference that is not there
_UNKNOWN_TIME: Final = frozenset({"", "null", "none", "nat", "nan", "n/a", "-"})


class Refusal(Exception):
    """Why a row is not taken."""

    def __init__(self, reason: Sentence) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that is not imported, and why. It goes to the rejects file, where it can be corrected."""

    row: Row
    reason: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row that is no part of what is imported, and why."""

    row: Row
    reason: str


@dataclass(frozen=True, slots=True)
class Form:
    """How the cells of a file are read: which column is what, how it writes numbers and times, and what the user told."""

    subject: Subject
    mapping: Mapping
    columns: Columns
    decimals: Decimals
    times: dict[str, TimeForm]
    zone: ZoneInfo | None
    currency: str | None
    account_prefix: str = ""

    def text(self, row: Row, field: str) -> str:
        """The first cell of the field that is not empty, else its constant."""
        for place in self.columns.fields.get(field, ()):
            if cell := row.cells[place].strip():
                return cell
        return self.mapping.constants.get(field, "")

    def order_ref(self, row: Row) -> str:
        if "order_ref" not in self.mapping.columns:
            return "/".join(row.cells[place].strip() for place in self.columns.group_by)
        return whole(self.text(row, "order_ref"))

    def account_ref(self, text: str) -> str:
        if not text or text.casefold() in _NOTHING:
            raise Refusal(sentence("no-value", name=self.columns.name("account_ref")))
        return self.short(self.account_prefix + whole(text), "account_ref")

    def short(self, text: str, field: str) -> str:
        if not text:
            raise Refusal(sentence("no-value", name=self.columns.name(field)))
        kind, longest = _TEXTS[field]
        if len(text) > longest:
            raise Refusal(sentence("too-long", name=self.columns.name(field), most=longest))
        try:
            return msgspec.convert(text, kind)  # type: ignore[no-any-return]
        except msgspec.ValidationError:
            raise Refusal(sentence("odd-characters", name=self.columns.name(field))) from None

    def name(self, text: str) -> str:
        """The beginning of one that is too long: it is for people alone."""
        return self.short(text[:MAX_NAME].strip(), "name")

    def currency_code(self, text: str) -> str:
        """In capitals; empty where the text is."""
        if text and text.upper() not in CURRENCIES:
            raise Refusal(sentence("no-currency-code", name=self.columns.name("currency"), text=repr(text[:40])))
        return text.upper()

    def number(self, text: str, field: str) -> Decimal:
        # A constant is written our way, whatever the file's is.
        number = read_number(text, self.decimals if field in self.columns.fields else Decimals.POINT)
        if number is None:
            raise Refusal(sentence("no-number", name=self.columns.name(field)))
        return number

    def quantity(self, text: str, *, takes_back: bool = False) -> int:
        name, number = self.columns.name("quantity"), self.number(text, "quantity")
        if number != int(number):
            raise Refusal(sentence("no-whole-number", name=name))
        quantity = -int(number) if takes_back else int(number)
        if quantity <= 0:
            raise Refusal(sentence("cancellation-not-negative" if takes_back else "zero-or-less", name=name))
        if quantity > MAX_QUANTITY:
            raise Refusal(sentence("more-than", name=name, most=MAX_QUANTITY))
        return quantity

    def price(self, text: str, field: str) -> str:
        """A decimal string of four decimals."""
        name, price = self.columns.name(field), self.number(text, field)
        if price < 0:
            raise Refusal(sentence("less-than-zero", name=name))
        if price > MAX_PRICE:
            raise Refusal(sentence("more-than", name=name, most=f"{MAX_PRICE:,}"))
        if price != round(price, PRICE_DECIMALS):
            raise Refusal(sentence("too-many-decimals", name=name, most=PRICE_DECIMALS))
        return f"{price:.4f}"

    def time(self, text: str, field: str) -> datetime:
        name = self.columns.name(field)
        if not text:
            raise Refusal(sentence("no-value", name=name))
        try:
            time = read_time(text, self.times[field], self.zone)
        except NoTime as error:
            raise Refusal(sentence(error.code, name=name)) from None
        if reason := event_times.refusal(time, datetime.now(UTC), name):
            raise Refusal(reason)
        return time

    def time_if_any(self, text: str, field: str) -> datetime | None:
        return None if text.casefold() in _UNKNOWN_TIME else self.time(text, field)

    def check(self, row: Row) -> Sentence | None:
        """Why the row cannot be read at all."""
        if len(row.cells) != len(self.columns.header):
            return sentence("other-number-of-cells", cells=len(row.cells), header=len(self.columns.header))
        if not all(_is_text(cell) for cell in row.cells):
            return sentence("no-text")
        return None

    def left_out(self, row: Row) -> Sentence | None:
        """Why the row is no part of what is imported."""
        only, without = self.mapping.only, self.mapping.leave_out_without
        if only is not None and (place := self.columns.place(only.column)) is not None:
            value = row.cells[place].strip()
            if as_word(value) != as_word(only.value):
                return sentence("is-and-not", name=only.column, text=repr(value[:40]), wanted=repr(only.value))
        if (kind := self.text(row, "kind")) and self.mapping.kind_of(kind) is None:
            wanted = " / ".join(map(repr, self.mapping.kinds or ("view", "cart")))
            return sentence("is-and-not", name=self.columns.name("kind"), text=repr(kind[:40]), wanted=wanted)
        if without is not None and (place := self.columns.place(without)) is not None and not row.cells[place].strip():
            return sentence("no-value", name=without)
        if self.mapping.leave_out_zero and (quantity := self.text(row, "quantity")) and not quantity.strip("0.,"):
            return sentence("is-zero", name=self.columns.name("quantity"))
        return None


def whole(text: str) -> str:
    """A reference without the .0 of a spreadsheet."""
    match = _WHOLE.fullmatch(text)
    return match[1] if match else text


def _is_text(cell: str) -> bool:
    """Whether PostgreSQL can store it; bytes that were no text were read as lone surrogates."""
    if "\0" in cell:
        return False
    return cell.isascii() or not any("\ud800" <= character <= "\udfff" for character in cell)
