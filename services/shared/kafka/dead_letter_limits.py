"""How many records of a partition may be refused before somebody has to look: the worker's limits and the relay's. Pure."""

from dataclasses import dataclass
from typing import Final

# Records of a partition that the ratio is taken of: few enough to notice a new release's mistake soon, enough for a handful of
# bad records in a quiet partition to be no ratio at all.
WINDOW: Final = 1_000


@dataclass(frozen=True, slots=True)
class Limits:
    """`in_a_row`: refused records of a partition one after the other. `ratio`: refused ones of its last `WINDOW`."""

    in_a_row: int = 100
    ratio: float = 0.2
