"""Rows in the shape of the real file, made by tests."""

from typing import Final

from ordercast.imports.online_retail.clean import clean
from ordercast.imports.online_retail.invoices import Invoice, assemble
from ordercast.imports.online_retail.rows import COLUMNS, RawRow, RefusedRow

GOOD: Final = ("536365", "85123A", "WHITE HEART", "6", "2010-12-01 08:26:00", "2.55", "17850.0", "United Kingdom")


def cells(**changes: str) -> tuple[str, ...]:
    """The good row with some cells changed, by column name."""
    return tuple({**dict(zip(COLUMNS, GOOD, strict=True)), **changes}.values())


def invoices_of(rows: list[tuple[str, ...]]) -> tuple[list[Invoice], list[RefusedRow]]:
    """What comes of the rows: invoices, and rows that are refused."""
    outcome = list(assemble(clean(RawRow(number, row)) for number, row in enumerate(rows, start=2)))
    return [o for o in outcome if isinstance(o, Invoice)], [o for o in outcome if isinstance(o, RefusedRow)]
