"""Feature rows with an order -> the columns to learn from, with a digest that says which rows they were.

The digest is the SHA-256 over all rows in rising (account_id, product_id) order, each row as 32 bytes: account_id and
product_id as int64, view_count and first_quantity as float64, all little-endian. The same rows give the same digest however
they were sliced while reading.
"""

import hashlib
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ordercast.contracts.because import because
from ordercast.contracts.model_manifest import TopicPosition, TrainingData
from ordercast.services.trainer.errors import UnusableTrainingSet

# Exact for whole numbers up to 2^53, far beyond any count.
Numbers = npt.NDArray[np.float64]
_ROW = np.dtype([("account_id", "<i8"), ("product_id", "<i8"), ("view_count", "<f8"), ("first_quantity", "<f8")])


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """account_ids, view_counts and quantities, each (rows,), in key order; `data` is what the manifest says of them."""

    account_ids: npt.NDArray[np.int64]
    view_counts: Numbers
    quantities: Numbers
    data: TrainingData


@dataclass(slots=True)
class TrainingSetBuilder:
    """Takes the rows slice by slice, in key order; keeps 24 bytes a row."""

    _digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    _accounts: list[npt.NDArray[np.int64]] = field(default_factory=list)
    _slices: list[npt.NDArray[np.void]] = field(default_factory=list)
    _last_key: tuple[int, int] | None = None

    def add(self, rows: list[tuple[int, int, float, float]]) -> None:
        """Append (account_id, product_id, view_count, first_quantity) rows.

        Raises:
            ValueError: the keys do not rise; a digest over another order would name other rows.
            UnusableTrainingSet: a view count or quantity is not a finite number.
        """
        for account_id, product_id, *_ in rows:
            if self._last_key is not None and (account_id, product_id) <= self._last_key:
                raise ValueError(f"row {(account_id, product_id)} comes after {self._last_key}")
            self._last_key = (account_id, product_id)
        table = np.array(rows, dtype=_ROW)
        for column in ("view_count", "first_quantity"):
            bad = ~np.isfinite(table[column])
            if bad.any():
                row = table[bad][0]
                raise UnusableTrainingSet(
                    f"{column} of account {row['account_id']}, product {row['product_id']} is {row[column]}"
                )
        self._digest.update(table.tobytes())
        self._accounts.append(table["account_id"].copy())
        self._slices.append(np.stack([table["view_count"], table["first_quantity"]]))

    def finish(self, positions: tuple[TopicPosition, ...]) -> TrainingSet:
        """The whole set, as it was at `positions`.

        Raises:
            UnusableTrainingSet: there are no rows, or all quantities are the same.
        """
        if not any(part.size for part in self._slices):
            told = because("no-row-with-an-order")
            raise UnusableTrainingSet("there is no data to train on: no feature row has an order yet", told)
        view_counts, quantities = np.concatenate(self._slices, axis=1)
        rows = len(quantities)
        # A model of one number would learn only to repeat it, and neither baseline could be beaten or lost to: whoever
        # asked for a training should hear that the data say nothing, rather than get such a model served.
        if rows > 1 and (quantities == quantities[0]).all():
            raise UnusableTrainingSet(
                f"the target is constant: all {rows} rows have the quantity {quantities[0]:g}, so there is nothing to learn",
                because("all-quantities-alike", rows=rows, quantity=float(quantities[0])),
            )
        data = TrainingData(rows, self._digest.hexdigest(), positions)
        return TrainingSet(np.concatenate(self._accounts), view_counts, quantities, data)
