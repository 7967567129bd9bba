"""Two tables with the same columns, compared field by field. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of one row. Without a `field`, the whole row is missing or was not expected."""

    table: str
    key: Mapping[str, int | str]
    field: str | None
    expected: Any
    found: Any

    def __str__(self) -> str:
        row = " ".join(filter(None, (self.table, ", ".join(f"{name}={value}" for name, value in self.key.items()))))
        if self.field is None:
            return f"{row}: the row {'is missing' if self.found is None else 'should not be there'}"
        return f"{row}: {self.field} is {self.found}, should be {self.expected}"


def differences(table: str, key: Sequence[str], expected: pd.DataFrame, found: pd.DataFrame) -> Iterator[Difference]:
    """Every field in which the tables differ, and every row that only one of them has."""
    if expected.empty and found.empty:
        return  # pandas cannot merge texts of which there are none on either side
    both = expected.merge(found, on=list(key), how="outer", suffixes=(" expected", " found"), indicator="side")
    for row in both[both["side"] != "both"].to_dict("records"):
        missing = row["side"] == "left_only"
        yield Difference(table, _key(key, row), None, "a row" if missing else None, None if missing else "a row")
    common = both[both["side"] == "both"]
    for field in [column for column in found.columns if column not in key]:
        left, right = common[f"{field} expected"], common[f"{field} found"]
        # Two missing values are equal; a missing and a present one are not.
        differs = (left != right).fillna(True) & ~(left.isna() & right.isna())
        for row in common[differs].to_dict("records"):
            yield Difference(
                table, _key(key, row), field, _plain(row[f"{field} expected"]), _plain(row[f"{field} found"])
            )


def _key(key: Sequence[str], row: dict[Any, Any]) -> dict[str, int | str]:
    return {name: _plain(row[name]) for name in key}


def _plain(value: Any) -> Any:
    if pd.isna(value):
        return None
    return value if isinstance(value, str | float) else int(value)
