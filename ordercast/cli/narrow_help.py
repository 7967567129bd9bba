"""Help in a narrow terminal: a name that is too long for its column goes on in the next line, where rich would cut it off."""

from collections.abc import Iterable
from typing import Any

from rich.columns import Columns
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text
from typer import rich_utils


class FoldingTable(Table):
    """The options of a command. Its columns are made with its rows."""

    def add_row(self, *cells: Any, **settings: Any) -> None:
        super().add_row(*cells, **settings)
        for column in self.columns:
            column.overflow = "fold"


class FoldingColumns(Columns):
    """What one option is: its help, its variable, its default."""

    def __init__(self, parts: Iterable[RenderableType]) -> None:
        shown = list(parts)
        for part in shown:
            if isinstance(part, Text):
                part.overflow = "fold"
        super().__init__(shown)


def fold_long_names() -> None:
    """In the help that typer draws."""
    drawn: Any = rich_utils
    drawn.Table, drawn.Columns = FoldingTable, FoldingColumns
