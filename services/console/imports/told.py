"""What somebody tells about a file, as `ordercast import` is told it."""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ordercast.imports.find_form import Choices


Kind = Literal["view", "cart", "order"]


@dataclass(frozen=True, slots=True)
class Told:
    """Empty where the file decides. `columns`: for a field its column, or `=TEXT` for all rows. `kinds`: for a shop's
    word what it is, of views a view or a cart, of orders the one word for an order."""

    subject: Literal["orders", "views", "products"] = "orders"
    zone: str = ""
    currency: str = ""
    dates: Literal["", "dayfirst", "monthfirst"] = ""
    decimals: Literal["", "point", "comma"] = ""
    encoding: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, Kind] = field(default_factory=dict)

    def completed_by(self, before: "Told") -> "Told":
        """With what `before` tells where this tells nothing. Not its encoding: each file has its own, and is read in it before its
        columns are known."""
        return Told(
            self.subject,
            self.zone or before.zone,
            self.currency or before.currency,
            self.dates or before.dates,
            self.decimals or before.decimals,
            self.encoding,
            {**before.columns, **self.columns},
            {**before.kinds, **self.kinds},
        )

    @property
    def map(self) -> list[str]:
        return [f"{name}={column}" for name, column in self.columns.items()]

    @property
    def kind(self) -> list[str]:
        return [f"{word}={kind}" for word, kind in self.kinds.items()]

    def words_for(self, kind: str) -> str:
        return ", ".join(word for word, told in self.kinds.items() if told == kind)

    @property
    def options(self) -> str:
        """Those of the command that does the same."""
        return shlex.join(self._words())

    def _words(self) -> Iterator[str]:
        for entry in self.map:
            yield from ("--map", entry)
        for entry in self.kind:
            yield from ("--kind", entry)
        for name, value in (("zone", self.zone), ("currency", self.currency), ("encoding", self.encoding)):
            if value:
                yield from (f"--{name}", value)
        if self.dates:
            yield f"--{self.dates}"
        if self.decimals:
            yield f"--decimal-{self.decimals}"

    def choices(self) -> "Choices":
        from ordercast.imports.columns.numbers import Decimals
        from ordercast.imports.find_form import Choices
        from ordercast.imports.profiles.mapping import Subject

        decimals = {"point": Decimals.POINT, "comma": Decimals.COMMA}.get(self.decimals)
        return Choices(
            Subject(self.subject),
            map=self.map,
            zone=self.zone or None,
            currency=self.currency or None,
            dayfirst=self.dates == "dayfirst" if self.dates else None,
            decimals=decimals,
            encoding=self.encoding or None,
            kinds=self.kind,
        )
