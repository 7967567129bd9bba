"""What the feature table has to hold, computed from the facts with pandas: left join, first row.

It shares no code with the worker: no aggregation of batches, no order of arrival, no repeats.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any, TypeAlias

import pandas as pd

from tests.support.event_streams import Cancellation, Fact, Order, View

PAIR = ["account_id", "product_id"]
Table: TypeAlias = dict[tuple[int, int], dict[str, Any]]
Trends: TypeAlias = dict[tuple[date, int], dict[str, int]]


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
    """Orders, quantity and views by (UTC day, product_id)."""
    facts = list(facts)
    orders, views = _lines(fact for fact in facts if isinstance(fact, Order)), _views(facts)
    key = ["day", "product_id"]
    orders["day"], views["day"] = orders["time"].dt.date, views["time"].dt.date
    trends = pd.DataFrame(
        {
            "orders": orders.groupby(key)["id"].nunique(),
            "quantity": orders.groupby(key)["quantity"].sum(),
            "views": views.groupby(key)["count"].sum(),
        }
    ).fillna(0)
    return {
        (row["day"], int(row["product_id"])): {name: int(row[name]) for name in ("orders", "quantity", "views")}
        for row in trends.rename_axis(index=key).reset_index().to_dict("records")
    }


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
