"""Rows in the shape of the real file, made by tests."""

from typing import Final

from ordercast.imports.online_retail.rows import COLUMNS

GOOD: Final = ("536365", "85123A", "WHITE HEART", "6", "2010-12-01 08:26:00", "2.55", "17850.0", "United Kingdom")


def cells(**changes: str) -> tuple[str, ...]:
    """The good row with some cells changed, by column name."""
    return tuple({**dict(zip(COLUMNS, GOOD, strict=True)), **changes}.values())
