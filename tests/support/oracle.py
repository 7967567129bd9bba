"""What the feature table has to hold, computed from the facts with pandas: left join, first row.

It shares no code with the worker: no aggregation of batches, no order of arrival, no repeats.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeAlias

import pandas as pd

from tests.support.event_streams import Cancellation, Fact, Order, View

PAIR = ["account_id", "product_id"]
SUMS = ["order_lines", "quantity", "cancelled_quantity", "views"]
Table: TypeAlias = dict[tuple[int, int], dict[str, Any]]
# By product_id (None: the whole shop) and the start of the quarter of an hour.
Trends: TypeAlias = dict[tuple[int | None, datetime], dict[str, int]]


def feature_table(facts: Iterable[Fact]) -> Table:
    """The features of each pair, by (account_id, product_id)."""
    facts = list(facts)
    orders = _lines(fact for fact in facts if isinstance(fact, Order))
    cancelled = _lines(fact for fact in facts if isinstance(fact, Cancellation))
    views = _views(facts)
    pairs = pd.concat([orders[PAIR], cancelled[PAIR], views[PAIR]]).drop_duplicates()
    first = orders.sort_values(["time", "id", "line"]).drop_duplicates(PAIR)
    by_pair = orders.groupby(PAIR)
    first = first.merge(
        orders.groupby([*PAIR, "id"])["quantity"].sum().rename("first_order_quantity").reset_index(), on=[*PAIR, "id"]
    )
    table = (
        pairs.merge(
            first.rename(
                columns={
                    "time": "first_ordered_at",
                    "id": "first_event_id",
                    "quantity": "first_quantity",
                    "price": "first_price",
                }
            ).drop(columns="line"),
            on=PAIR,
            how="left",
        )
        .merge(by_pair["id"].nunique().rename("order_count").reset_index(), on=PAIR, how="left")
        .merge(by_pair["quantity"].sum().rename("total_quantity").reset_index(), on=PAIR, how="left")
        .merge(by_pair["time"].max().rename("last_ordered_at").reset_index(), on=PAIR, how="left")
        .merge(
            cancelled.groupby(PAIR)["quantity"].sum().rename("cancelled_quantity").reset_index(), on=PAIR, how="left"
        )
        .merge(views.groupby(PAIR)["count"].sum().rename("view_count").reset_index(), on=PAIR, how="left")
        .merge(views.groupby(PAIR)["time"].max().rename("last_viewed_at").reset_index(), on=PAIR, how="left")
    )
    joined = views.merge(table[[*PAIR, "first_ordered_at"]], on=PAIR)
    before = joined[joined["first_ordered_at"].isna() | (joined["time"] < joined["first_ordered_at"])]
    table = table.merge(
        before.groupby(PAIR)["count"].sum().rename("views_before_first_order").reset_index(), on=PAIR, how="left"
    )
    counts = ["order_count", "total_quantity", "cancelled_quantity", "view_count", "views_before_first_order"]
    table[counts] = table[counts].fillna(0).astype(int)
    return {
        (int(row["account_id"]), int(row["product_id"])): {
            str(name): _plain(value) for name, value in row.items() if name not in PAIR
        }
        for row in table.to_dict("records")
    }


def trends_table(facts: Iterable[Fact]) -> Trends:
    """The figures of each quarter of an hour in which something happened, by product and of the whole shop."""
    facts = list(facts)
    frame = pd.concat(
        [
            _lines(fact for fact in facts if isinstance(fact, Order)).assign(order_lines=1),
            _lines(fact for fact in facts if isinstance(fact, Cancellation))
            .rename(columns={"quantity": "cancelled_quantity"})
            .drop(columns="id"),
            _views(facts).rename(columns={"count": "views"}),
        ]
    )
    frame["start"] = frame["time"].dt.floor("15min")
    figures = {"orders": ("id", "nunique")} | {name: (name, "sum") for name in SUMS}
    trends: Trends = {}
    for key in (["product_id", "start"], ["start"]):
        for row in frame.groupby(key).agg(**figures).reset_index().to_dict("records"):
            product = int(row["product_id"]) if "product_id" in row else None
            trends[product, row["start"].to_pydatetime()] = {name: int(row[name]) for name in figures}
    return trends


def _lines(facts: Iterable[Order | Cancellation]) -> pd.DataFrame:
    """One row for each line, as in orders_data.xlsx."""
    rows = [
        (fact.account_id, line.product_id, line.quantity, line.price, fact.time, fact.id.hex, number)
        for fact in facts
        for number, line in enumerate(fact.lines, start=1)
    ]
    frame = pd.DataFrame(rows, columns=[*PAIR, "quantity", "price", "time", "id", "line"])
    return frame.astype({"account_id": int, "product_id": int, "quantity": int}).assign(
        time=pd.to_datetime(frame["time"], utc=True)
    )


def _views(facts: Iterable[Fact]) -> pd.DataFrame:
    rows = [(fact.account_id, fact.product_id, fact.time, fact.count) for fact in facts if isinstance(fact, View)]
    frame = pd.DataFrame(rows, columns=[*PAIR, "time", "count"])
    return frame.astype({"account_id": int, "product_id": int, "count": int}).assign(
        time=pd.to_datetime(frame["time"], utc=True)
    )


def _plain(value: Any) -> Any:
    """Python's own types; None for a missing value."""
    if value is None or value is pd.NaT or value != value:
        return None
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    if isinstance(value, float):
        return int(value)  # a column of integers in which some are missing
    return value
