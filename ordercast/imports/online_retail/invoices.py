"""Lines that belong together become one invoice: an order, or a cancellation, of the shop's history."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from ordercast.imports.online_retail.clean import Line
from ordercast.imports.online_retail.rows import RefusedRow

# Rows that may lie between two rows of one invoice. Tills write side by side: in the real file two invoices of the same
# minute are interleaved. Only invoices within this window are held in memory, however long the file is.
WINDOW_ROWS: Final = 10_000
ITEMS_MAX: Final = 2_000  # what the order API takes; the largest real invoice has 1,114


@dataclass(slots=True)
class Invoice:
    """One order or cancellation. Its time is its earliest line's: a long one runs over the minute."""

    order_ref: str
    account_ref: str
    cancellation: bool
    occurred_at: datetime
    lines: list[Line] = field(default_factory=list)
    last_row: int = 0
    cells: set[tuple[str, ...]] = field(default_factory=set)

    def import_line(self) -> dict[str, Any]:
        """The invoice as a line of `POST /orders/import`."""
        return {
            "order_ref": self.order_ref,
            "account_ref": self.account_ref,
            "occurred_at": self.occurred_at.isoformat(),
            "kind": "cancellation" if self.cancellation else "order",
            "items": [
                {
                    "sku": line.sku,
                    "name": line.name or line.sku,
                    "quantity": line.quantity,
                    "unit_price": f"{line.unit_price:.4f}",
                }
                for line in self.lines
            ],
        }


def assemble(lines: Iterable[Line | RefusedRow]) -> Iterator[Invoice | RefusedRow]:
    """The invoices of the lines, each once and whole, in the order in which they were last added to; refusals pass through.

    Refused here: exact duplicates within an invoice, lines of another customer on it, lines past `ITEMS_MAX`, and lines of
    an invoice that comes again more than `WINDOW_ROWS` rows later (the first part has gone by then).
    """
    open_invoices: dict[str, Invoice] = {}  # the one added to last stands last
    closed: set[str] = set()
    for line in lines:
        if isinstance(line, RefusedRow):
            yield line
            continue
        for stale in _older_than(line.row.number - WINDOW_ROWS, open_invoices):
            closed.add(stale.order_ref)
            yield stale
        refusal = _add(line, open_invoices, closed)
        if refusal is not None:
            yield refusal
    yield from open_invoices.values()


def _older_than(row: int, open_invoices: dict[str, Invoice]) -> Iterator[Invoice]:
    while open_invoices:
        oldest = next(iter(open_invoices.values()))
        if oldest.last_row >= row:
            return
        yield open_invoices.pop(oldest.order_ref)


def _add(line: Line, open_invoices: dict[str, Invoice], closed: set[str]) -> RefusedRow | None:
    if line.order_ref in closed:
        return RefusedRow(line.row, f"the invoice ended more than {WINDOW_ROWS:,} rows before")
    invoice = open_invoices.pop(line.order_ref, None) or Invoice(
        line.order_ref, line.account_ref, line.cancellation, line.occurred_at
    )
    open_invoices[line.order_ref] = invoice
    invoice.last_row = line.row.number
    if line.account_ref != invoice.account_ref:
        return RefusedRow(line.row, "another CustomerID than the rest of the invoice")
    if line.row.cells in invoice.cells:
        return RefusedRow(line.row, "exact duplicate")
    if len(invoice.lines) == ITEMS_MAX:
        return RefusedRow(line.row, f"the invoice has more than {ITEMS_MAX:,} items")
    invoice.occurred_at = min(invoice.occurred_at, line.occurred_at)
    invoice.cells.add(line.row.cells)
    invoice.lines.append(line)
    return None
