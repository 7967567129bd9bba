"""What was tried, what it should get, what it got."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text


@dataclass(frozen=True, slots=True)
class Finding:
    """`difference` says in which way it got something else; empty where it did not."""

    tried: str
    wanted: str
    got: str
    difference: str = ""

    @classmethod
    def compared(cls, tried: str, wanted: object, got: object) -> "Finding":
        return cls(tried, str(wanted), str(got), "" if got == wanted else "not as wanted")

    @classmethod
    def bounded(cls, tried: str, got: int, at_most: int, unit: str) -> "Finding":
        over = "" if got <= at_most else f"{got - at_most:,} over"
        return cls(tried, f"at most {at_most:,} {unit}", f"{got:,} {unit}", over)


def show(console: Console, title: str, findings: Iterable[Finding]) -> int:
    """Prints them; how many are differences."""
    table = Table("tried", "wanted", "got", "", title=title, title_justify="left", box=None, pad_edge=False)
    found = list(findings)
    for one in found:
        held = Text(one.difference, "bold red") if one.difference else Text("held", "green")
        table.add_row(Text(one.tried), Text(one.wanted), Text(one.got), held)
    console.print(table, "")
    return sum(bool(one.difference) for one in found)


def of_list(tried: str, differences: Sequence[str]) -> list[Finding]:
    """One line for a walk over a table, and one for each difference."""
    return [
        Finding.compared(tried, "0 differences", f"{len(differences)} differences"),
        *(Finding(difference, "as the table says", "something else", "difference") for difference in differences),
    ]
