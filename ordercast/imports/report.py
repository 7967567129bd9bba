"""What became of a file: rows in = imported + refused + left out, each refusal by its reason."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from ordercast.contracts.because import Sentence, sentence
from ordercast.imports.documents.cells import LeftOut, Refused
from ordercast.imports.documents.orders import Order
from ordercast.imports.documents.views_and_products import Document

# Different reasons that are counted apart; what the API says may name each order.
_REASONS_MAX: Final = 200
_OTHER: Final = sentence("other-reasons")
_REASONS_SHOWN: Final = 20
_TELL_STATUSES: Final = (
    "your own words for a status are told with --status WORD=STATUS: PENDING, CONFIRMED or CANCELLED"
)
# Of a file's columns: some exports have 80.
_NAMES_SHOWN: Final = 40
_UNKNOWN_CURRENCY: Final = "no currency"


@dataclass(slots=True)
class Report:
    """`counts` are the API's own: created, repeated and so on. Money is by currency; cancelled orders are apart."""

    found: tuple[str, ...] = ()
    not_read: tuple[str, ...] = ()
    # What to do where rows were left out that should not be.
    hint: str = ""
    rows_imported: int = 0
    rows_summed: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    accounts: set[object] = field(default_factory=set)
    products: set[str] = field(default_factory=set)
    first: datetime | None = None
    last: datetime | None = None
    ordered: Counter[str] = field(default_factory=Counter)
    cancelled: Counter[str] = field(default_factory=Counter)

    @property
    def rows(self) -> int:
        return self.rows_imported + self.refused.total() + self.left_out.total()

    def add_refused(self, refused: Refused) -> None:
        _count(self.refused, refused.reason)

    def add_left_out(self, left_out: LeftOut) -> None:
        _count(self.left_out, left_out.reason)

    def add(self, document: Order | Document, currency: str | None) -> None:
        """Counts what is in the system now."""
        line = document.line
        if isinstance(document, Document):
            self.rows_imported += 1
            self.products.add(line["sku"])
        else:
            self.rows_imported += len(document.rows)
            self.rows_summed += document.summed
            self.products.update(item["sku"] for item in line["items"])
            money = self.cancelled if document.takes_back else self.ordered
            money[line.get("currency") or currency or _UNKNOWN_CURRENCY] += document.total  # type: ignore[assignment]
        if "account_ref" in line:
            self.accounts.add(line["account_ref"])
        if "occurred_at" in line:
            time = datetime.fromisoformat(line["occurred_at"])
            self.first = min(self.first or time, time)
            self.last = max(self.last or time, time)

    def as_data(self) -> dict[str, Any]:
        return {
            "found": self.found,
            "columns_not_read": self.not_read,
            "rows": self.rows,
            "rows_imported": self.rows_imported,
            "rows_summed": self.rows_summed,
            "rows_refused": self.refused.total(),
            "refused": dict(self.refused),
            "rows_left_out": self.left_out.total(),
            "left_out": dict(self.left_out),
            **self.counts,
            "accounts": len(self.accounts),
            "products": len(self.products),
            "first": self.first,
            "last": self.last,
            "ordered": {currency: str(total) for currency, total in self.ordered.items()},
            "cancelled": {currency: str(total) for currency, total in self.cancelled.items()},
        }

    def text(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        refused, left_out = self.refused.total(), self.left_out.total()
        tail = f" + left out {left_out:,}" if left_out else ""
        yield f"rows in {self.rows:,} = imported {self.rows_imported:,} + refused {refused:,}{tail}"
        yield from _reasons("refused", self.refused)
        if any(isinstance(reason, Sentence) and reason.because.code == "no-known-status" for reason in self.refused):
            yield f"  {_TELL_STATUSES}"
        yield from _reasons("left out", self.left_out)
        if self.left_out and self.hint:
            yield f"  {self.hint}"
        if self.not_read:
            yield f"columns that are not read: {shortened(self.not_read)}"
        if self.counts:
            yield ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in self.counts.items() if count)
        yield f"{len(self.accounts):,} accounts, {len(self.products):,} products"
        if self.rows_summed:
            yield f"{self.rows_summed:,} rows were summed into others with the same product and price"
        if self.first and self.last:
            yield f"from {self.first:%Y-%m-%d %H:%M} to {self.last:%Y-%m-%d %H:%M} UTC"
        for name, money in (("ordered", self.ordered), ("cancelled", self.cancelled)):
            if money:
                yield f"{name}: " + ", ".join(f"{Decimal(total):,.2f} {currency}" for currency, total in money.items())


def shortened(names: Sequence[str]) -> str:
    """The first ones, and how many more there are."""
    more = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _count(reasons: Counter[str], reason: str) -> None:
    reasons[reason if reason in reasons or len(reasons) < _REASONS_MAX else _OTHER] += 1


def _reasons(word: str, reasons: Counter[str]) -> Iterable[str]:
    for reason, count in reasons.most_common(_REASONS_SHOWN):
        yield f"  {word} {count:>9,}  {reason}"
    if len(reasons) > _REASONS_SHOWN:
        yield f"  {word} for {len(reasons) - _REASONS_SHOWN:,} other reasons"
