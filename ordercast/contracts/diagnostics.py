"""Small tables in a manifest that say how a model learned and where it errs: what its card shows beside the scores.

All are of held-out rows, and bounded: a manifest stays far under the size that a predictor reads. Numbers are kept to six digits.
"""

from datetime import date
from typing import Final

import msgspec

# Epochs of which losses are kept, evenly spread, the last among them: a curve to look at has no more points.
MOST_EPOCHS: Final = 50
# Share of rows that the intervals of `Coverage` are to hold.
COVERED_LEVEL: Final = 0.9


class Curves(msgspec.Struct, frozen=True):
    """Loss of each member after each of some epochs (from 1), [members][epochs]; null where it was no finite number.

    `val_loss`: on rows that are only watched; empty where there are none.
    """

    epochs: tuple[int, ...]
    loss: tuple[tuple[float | None, ...], ...]
    val_loss: tuple[tuple[float | None, ...], ...] = ()


class ReliabilityBin(msgspec.Struct, frozen=True):
    """Rows whose probability of an order was from `low` on and under `high`: its mean, and the share that did order."""

    low: float
    high: float
    rows: int
    said: float
    ordered: float


class ResidualBin(msgspec.Struct, frozen=True):
    """Rows that were answered from `low` pieces on and under `high` (null: no bound): mean pieces said and real.

    `q05`, `median` and `q95` are quantiles of real less said pieces.
    """

    low: float
    high: float | None
    rows: int
    said: float
    real: float
    q05: float
    median: float
    q95: float


class Coverage(msgspec.Struct, frozen=True):
    """Of a group, the share of rows inside intervals of `COVERED_LEVEL`, whose thresholds come from other accounts' rows."""

    group: str
    rows: int
    inside: float


class InfluentialRow(msgspec.Struct, frozen=True):
    """One row and its share of all rows' unclipped deviance. `day`: its moment, null of a row without one.

    The ids are null where they are not told, or where there is no such thing.
    """

    target: int
    answer: float
    share: float
    day: date | None = None
    account_id: int | None = None
    product_id: int | None = None


class Dependence(msgspec.Struct, frozen=True):
    """Mean expected pieces if all rows had this value of a feature, on the scale that the networks see."""

    feature: str
    values: tuple[float, ...]
    expected: tuple[float, ...]


class Diagnostics(msgspec.Struct, frozen=True, kw_only=True):
    """Of one question's networks. `collapsed`: members, from 0, that answer a constant."""

    curves: Curves
    collapsed: tuple[int, ...] = ()
    reliability: tuple[ReliabilityBin, ...] = ()
    residuals: tuple[ResidualBin, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    influential: tuple[InfluentialRow, ...] = ()
    dependence: tuple[Dependence, ...] = ()

    def without_ids(self) -> "Diagnostics":
        """For those who must not know whose rows they are."""
        rows = (msgspec.structs.replace(row, account_id=None, product_id=None) for row in self.influential)
        return msgspec.structs.replace(self, influential=tuple(rows))
