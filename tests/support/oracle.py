"""What the feature table has to hold, computed from the facts with pandas: left join, first row.

It shares no code with the worker: no aggregation of batches, no order of arrival, no repeats.
"""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

import pandas as pd

from tests.support.event_streams import Cancellation, Fact, Order, View

PAIR = ["account_id", "product_id"]
SUMS = ["order_lines", "quantity", "cancelled_quantity", "views"]
Table: TypeAlias = dict[tuple[int, int], dict[str, Any]]
# By product_id (None: the whole shop) and the start of the quarter of an hour.
Trends: TypeAlias = dict[tuple[int | None, datetime], dict[str, int]]
# By account_id (None: all accounts), product_id, day and known_on.
Activity: TypeAlias = dict[tuple[int | None, int, date, date], dict[str, Any]]


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


def activity_table(facts: Iterable[Fact]) -> Activity:
    """The sums of each day on which something happened, by account and product and by product alone."""
    facts = list(facts)
    ordered = _lines(fact for fact in facts if isinstance(fact, Order))
    back = [fact for fact in facts if isinstance(fact, Cancellation)]
    taken_back = _lines(back).rename(columns={"quantity": "cancelled_quantity"})
    placed_at = {fact.id.hex: fact.placed_at or fact.time for fact in back}
    frame = pd.concat(
        [
            ordered.assign(
                day=ordered["time"],
                order_lines=1,
                first_lines=(ordered["line"] == 1).astype(int),
                amount=[
                    price * quantity for price, quantity in zip(ordered["price"], ordered["quantity"], strict=True)
                ],
            ),
            taken_back.assign(day=pd.to_datetime(taken_back["id"].map(placed_at), utc=True)).drop(columns="id"),
            _views(facts).rename(columns={"count": "views"}).assign(day=lambda views: views["time"]),
            _views(facts, carts=True).rename(columns={"count": "carts"}).assign(day=lambda carts: carts["time"]),
        ]
    )
    frame["known_on"] = frame[["time", "day"]].max(axis="columns").dt.date
    frame["day"] = frame["day"].dt.date
    frame["amount"] = frame["amount"].map(lambda amount: amount if isinstance(amount, Decimal) else Decimal(0))
    sums = ["first_lines", *SUMS, "carts"]
    figures = {"orders": ("id", "nunique"), "amount": ("amount", "sum")} | {name: (name, "sum") for name in sums}
    table: Activity = {}
    for key in ([*PAIR, "day", "known_on"], ["product_id", "day", "known_on"]):
        for row in frame.groupby(key).agg(**figures).reset_index().to_dict("records"):
            values = {name: row[name] if name == "amount" else int(row[name]) for name in figures}
            table[row.get("account_id"), int(row["product_id"]), row["day"], row["known_on"]] = values
    return table


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


def _views(facts: Iterable[Fact], *, carts: bool = False) -> pd.DataFrame:
    views = [fact for fact in facts if isinstance(fact, View) and fact.is_cart == carts]
    rows = [(view.account_id, view.product_id, view.time, view.count) for view in views]
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
