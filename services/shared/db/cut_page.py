"""Cuts the rows of a query to a page."""

from collections.abc import Sequence
from typing import TypeVar

Row = TypeVar("Row")


def cut_page(rows: Sequence[Row], limit: int) -> tuple[Sequence[Row], bool]:
    """The page and whether more rows follow, out of a query for `limit + 1` rows."""
    return rows[:limit], len(rows) > limit
