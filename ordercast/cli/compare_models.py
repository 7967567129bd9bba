"""Two versions side by side, as a table to read."""

from rich.table import Table

from ordercast.client.compare_models import Comparison, Field


def side_by_side(compared: Comparison, *, everything: bool) -> Table | str:
    """What differs, as lines to read; with `everything` what is the same, too."""
    shown = [field for field in compared.fields if everything or field.differs]
    if not shown:
        return f"{compared.first} and {compared.second} say the same in all {len(compared.fields)} fields"
    table = Table("", "", compared.first, compared.second, "", box=None, pad_edge=False, header_style="bold")
    section = ""
    for field in shown:
        first, second = field.texts
        table.add_row(field.section if field.section != section else "", field.name, first, second, _change(field))
        section = field.section
    same = len(compared.fields) - compared.differing
    if not everything and same:
        table.caption = f"{same} more are the same; --all shows them"
        table.caption_justify = "left"
    return table


def _change(field: Field) -> str:
    if field.change is not None:
        return f"{field.change:+.1%}"
    return "differs" if field.differs else "same"
