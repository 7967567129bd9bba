"""The feature table and the trends the plainest way: one event after the other, in Python alone, for a handful of rows."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa

from ordercast.verify.spool import (
    FEATURES,
    ORDER_ITEMS,
    PAIR_ACTIVITY,
    PRODUCT_ACTIVITY,
    PRODUCT_TRENDS,
    SHOP_TRENDS,
    VIEWS,
)

QUARTER_US = 900_000_000
DAY_US = 86_400_000_000


class Item(NamedTuple):
    account_id: int
    product_id: int
    order_id: str
    line: int
    quantity: int
    price: int
    ordered_at: int
    cancelled_at: int
    placed: bool
    cancelled: bool


class View(NamedTuple):
    account_id: int
    product_id: int
    event_id: str
    views: int
    viewed_at: int
    is_cart: bool = False


def frame(schema: Any, rows: Sequence[Sequence[Any]]) -> pd.DataFrame:
    """Rows as a spool gives them back."""
    columns = [[row[index] for row in rows] for index in range(len(schema))]
    table = pa.table(
        [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)], schema=schema
    )
    made: pd.DataFrame = table.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    return made


def plain_features(
    items: Sequence[Item], views: Sequence[View], partitions: int
) -> dict[tuple[int, int], tuple[Any, ...]]:
    """Each pair's row, in the order of the feature table's columns."""
    return {
        pair: (*pair, *_row(pair, items, views), pair[0] % partitions)
        for pair in {(i.account_id, i.product_id) for i in items} | {(v.account_id, v.product_id) for v in views}
    }


def _row(pair: tuple[int, int], items: Sequence[Item], views: Sequence[View]) -> tuple[Any, ...]:
    placed = [i for i in items if (i.account_id, i.product_id) == pair and i.placed]
    cancelled = [i for i in items if (i.account_id, i.product_id) == pair and i.cancelled]
    seen = [v for v in views if (v.account_id, v.product_id) == pair]
    first = min(placed, key=lambda i: (i.ordered_at, i.order_id, i.line), default=None)
    return (
        first.ordered_at if first else None,
        first.order_id if first else None,
        first.quantity if first else None,
        sum(i.quantity for i in placed if i.order_id == first.order_id) if first else None,
        first.price if first else None,
        len({i.order_id for i in placed}),
        sum(i.quantity for i in placed),
        sum(i.quantity for i in cancelled),
        sum(v.views for v in seen),
        sum(v.views for v in seen if first is None or v.viewed_at < first.ordered_at),
        max((v.viewed_at for v in seen), default=None),
        max((i.ordered_at for i in placed), default=None),
    )


def plain_trends(
    items: Sequence[Item], views: Sequence[View], partitions: int
) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    """The rows of the products' trends, and of the shop's."""
    placed, back = [i for i in items if i.placed], [i for i in items if i.cancelled]

    def figures(product: int | None, partition: int | None, start: int) -> tuple[int, ...]:
        def counts(row: Item | View, moment: int) -> bool:
            return (
                product in (None, row.product_id)
                and partition in (None, row.account_id % partitions)
                and start <= moment < start + QUARTER_US
            )

        ordered = [i for i in placed if counts(i, i.ordered_at)]
        return (
            len({i.order_id for i in ordered}),
            len(ordered),
            sum(i.quantity for i in ordered),
            sum(i.quantity for i in back if counts(i, i.cancelled_at)),
            sum(v.views for v in views if counts(v, v.viewed_at)),
        )

    facts: list[tuple[Item | View, int]] = [
        *((i, i.ordered_at) for i in placed),
        *((i, i.cancelled_at) for i in back),
        *((v, v.viewed_at) for v in views),
    ]
    products = {(row.product_id, moment // QUARTER_US * QUARTER_US) for row, moment in facts}
    shop = {(moment // QUARTER_US * QUARTER_US, row.account_id % partitions) for row, moment in facts}
    return (
        [(product, start, *figures(product, None, start)) for product, start in products],
        [(start, partition, *figures(None, partition, start)) for start, partition in shop],
    )


def plain_activity(items: Sequence[Item], events: Sequence[View]) -> tuple[list[list[int]], list[list[int]]]:
    """The rows of the pairs' days, and of the products'."""
    pairs: dict[tuple[int, ...], list[int]] = {}
    products: dict[tuple[int, ...], list[int]] = {}
    orders: set[tuple[str, int]] = set()

    def add(row: Item | View, moment: int, known_at: int, *sums: int) -> None:
        key = (row.product_id, moment // DAY_US, known_at // DAY_US)
        for table, whole_key in ((pairs, (row.account_id, *key)), (products, key)):
            table[whole_key] = [a + b for a, b in zip(table.get(whole_key, [0] * 8), sums, strict=True)]

    for item in items:
        order, at = (item.order_id, item.product_id), item.ordered_at
        if item.placed:
            add(
                item, at, at, order not in orders, item.line == 1, 1, item.quantity, item.quantity * item.price, 0, 0, 0
            )
            orders.add(order)
        if item.cancelled:
            add(item, at, max(at, item.cancelled_at), 0, 0, 0, 0, 0, item.quantity, 0, 0)
    for view in events:
        counts = (0, view.views) if view.is_cart else (view.views, 0)
        add(view, view.viewed_at, view.viewed_at, 0, 0, 0, 0, 0, 0, *counts)
    return [[*key, *row] for key, row in pairs.items()], [[*key, *row] for key, row in products.items()]


def items_frame(items: Sequence[Item]) -> pd.DataFrame:
    return frame(ORDER_ITEMS, items)


def views_frame(views: Sequence[View]) -> pd.DataFrame:
    return frame(VIEWS, views)


def features_frame(rows: Sequence[Sequence[Any]]) -> pd.DataFrame:
    return frame(FEATURES, rows)


def product_trends_frame(rows: Sequence[Sequence[Any]]) -> pd.DataFrame:
    return frame(PRODUCT_TRENDS, rows)


def pair_activity_frame(rows: Sequence[Sequence[Any]]) -> pd.DataFrame:
    return frame(PAIR_ACTIVITY, rows)


def product_activity_frame(rows: Sequence[Sequence[Any]]) -> pd.DataFrame:
    return frame(PRODUCT_ACTIVITY, rows)


def shop_trends_frame(rows: Sequence[Sequence[Any]]) -> pd.DataFrame:
    return frame(SHOP_TRENDS, rows)
