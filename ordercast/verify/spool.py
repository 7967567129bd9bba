"""Rows on disk, dealt into slices by product, so that no more than one slice is ever in memory.

All that concerns a product lies in one slice: its pairs and its trends.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import pandas as pd
import pyarrow as pa

# Rows of all kinds that one slice should hold: some 200 MB while pandas works on it.
SLICE_ROWS: Final = 300_000
# Each slice keeps a file open for each of eight kinds of rows; this many stay below the usual limit of 1,024.
SLICES_MAX: Final = 110
# Rows kept in memory before they go to their files.
FLUSH_ROWS: Final = 20_000

# Moments are microseconds since 1970 and money is in ten-thousandths: whole numbers compare exactly.
ORDER_ITEMS: Final = pa.schema(
    {
        "account_id": pa.int64(),
        "product_id": pa.int64(),
        "order_id": pa.string(),
        "line": pa.int64(),
        "quantity": pa.int64(),
        "price": pa.int64(),
        "ordered_at": pa.int64(),
        "cancelled_at": pa.int64(),
        "placed": pa.bool_(),
        "cancelled": pa.bool_(),
    }
)
VIEWS: Final = pa.schema(
    {
        "account_id": pa.int64(),
        "product_id": pa.int64(),
        "event_id": pa.string(),
        "count": pa.int64(),
        "viewed_at": pa.int64(),
        "is_cart": pa.bool_(),
    }
)
FEATURES: Final = pa.schema(
    {
        "account_id": pa.int64(),
        "product_id": pa.int64(),
        "first_ordered_at": pa.int64(),
        "first_event_id": pa.string(),
        "first_quantity": pa.int64(),
        "first_order_quantity": pa.int64(),
        "first_price": pa.int64(),
        "order_count": pa.int64(),
        "total_quantity": pa.int64(),
        "cancelled_quantity": pa.int64(),
        "view_count": pa.int64(),
        "views_before_first_order": pa.int64(),
        "last_viewed_at": pa.int64(),
        "last_ordered_at": pa.int64(),
        "partition": pa.int64(),
    }
)
TREND_FIGURES: Final = ("orders", "order_lines", "quantity", "cancelled_quantity", "views")
PRODUCT_TRENDS: Final = pa.schema(dict.fromkeys(("product_id", "starts_at", *TREND_FIGURES), pa.int64()))
ACTIVITY_SUMS: Final = (
    "orders",
    "first_lines",
    "order_lines",
    "quantity",
    "amount",
    "cancelled_quantity",
    "views",
    "carts",
)
# Days are counted from 1970 on.
_DAY_OF_PRODUCT: Final = ("product_id", "day", "known_on", *ACTIVITY_SUMS)
PRODUCT_ACTIVITY: Final = pa.schema(dict.fromkeys(_DAY_OF_PRODUCT, pa.int64()))
PAIR_ACTIVITY: Final = pa.schema(dict.fromkeys(("account_id", *_DAY_OF_PRODUCT), pa.int64()))
PREDICTIONS: Final = pa.schema(
    {
        "account_id": pa.int64(),
        "product_id": pa.int64(),
        "starts_on": pa.int64(),
        "model_version": pa.string(),
        "ends_on": pa.int64(),
        "made_at": pa.int64(),
        "order_probability": pa.float64(),
        "expected_quantity": pa.float64(),
        "low": pa.int64(),
        "high": pa.int64(),
        "level": pa.float64(),
        "naive_quantity": pa.float64(),
    }
)
SHOP_TRENDS: Final = pa.schema(dict.fromkeys(("starts_at", "partition", *TREND_FIGURES), pa.int64()))


def slices_for(rows: int) -> int:
    """How many slices to deal so many rows into."""
    return min(max(1, -(-rows // SLICE_ROWS)), SLICES_MAX)


class Spool:
    """One kind of rows in `slices` files in a folder. Write all of them first, then read slice by slice."""

    def __init__(
        self, folder: Path, name: str, schema: pa.Schema, slices: int, *, dealt_by: str = "product_id"
    ) -> None:
        self._paths = [folder / f"{name}-{number}.arrow" for number in range(slices)]
        self._writers = [pa.ipc.new_stream(str(path), schema) for path in self._paths]
        self._schema = schema
        self._key = schema.get_field_index(dealt_by)
        self._waiting: list[list[Sequence[Any]]] = [[] for _ in range(slices)]
        self._waiting_rows = 0
        self.rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if error is None:
            self._flush()
        for writer in self._writers:
            writer.close()

    def add(self, rows: Iterable[Sequence[Any]]) -> None:
        """Rows with their values in the schema's order."""
        slices = len(self._waiting)
        for row in rows:
            self._waiting[row[self._key] % slices].append(row)
            self._waiting_rows += 1
            self.rows += 1
        if self._waiting_rows >= FLUSH_ROWS:
            self._flush()

    def frame(self, number: int) -> pd.DataFrame:
        """The rows of a slice, in the order in which they were added. Whole numbers that may be missing are Int64."""
        with pa.ipc.open_stream(str(self._paths[number])) as reader:
            table = reader.read_all()
        frame: pd.DataFrame = table.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
        return frame

    def _flush(self) -> None:
        for rows, writer in zip(self._waiting, self._writers, strict=True):
            if rows:
                columns = [
                    pa.array(values, field.type)
                    for values, field in zip(zip(*rows, strict=True), self._schema, strict=True)
                ]
                writer.write_batch(pa.record_batch(columns, schema=self._schema))
                rows.clear()
        self._waiting_rows = 0
