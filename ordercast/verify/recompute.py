"""The feature table and the daily trends, computed anew from orders and views with pandas. Pure.

It follows the recipe (left join, missing views are 0, the first row for each pair) and the meaning of each feature, and
shares no code with the worker that it judges.
"""

from typing import Final

import pandas as pd

PAIR: Final = ["account_id", "product_id"]
DAY: Final = ["day", "product_id"]
COUNTS: Final = ["order_count", "total_quantity", "cancelled_quantity", "view_count", "views_before_first_order"]
DAY_US: Final = 86_400_000_000


def without_repeats(views: pd.DataFrame) -> pd.DataFrame:
    """Each event once: of those with the same id the first one."""
    return views.drop_duplicates("event_id")


def expected_features(items: pd.DataFrame, views: pd.DataFrame, partitions: int) -> pd.DataFrame:
    """One row for each pair with an order, a cancellation or a view, in the columns of the feature table."""
    placed = items[items["placed"]].sort_values(["ordered_at", "order_id", "line"])
    first = placed.drop_duplicates(PAIR)[[*PAIR, "ordered_at", "order_id", "quantity", "price"]].set_axis(
        [*PAIR, "first_ordered_at", "first_event_id", "first_quantity", "first_price"], axis="columns"
    )
    of_order = placed.groupby([*PAIR, "order_id"]).agg(first_order_quantity=("quantity", "sum")).reset_index()
    first = first.merge(of_order, left_on=[*PAIR, "first_event_id"], right_on=[*PAIR, "order_id"]).drop(
        columns="order_id"
    )
    orders = placed.groupby(PAIR).agg(
        order_count=("order_id", "nunique"), total_quantity=("quantity", "sum"), last_ordered_at=("ordered_at", "max")
    )
    cancelled = items[items["cancelled"]].groupby(PAIR).agg(cancelled_quantity=("quantity", "sum"))
    viewed = views.groupby(PAIR).agg(view_count=("count", "sum"), last_viewed_at=("viewed_at", "max"))

    dated = views.merge(first[[*PAIR, "first_ordered_at"]], on=PAIR, how="left")
    no_order = dated["first_ordered_at"].isna()
    before = dated[(no_order | (dated["viewed_at"] < dated["first_ordered_at"])).fillna(True)]
    early = before.groupby(PAIR).agg(views_before_first_order=("count", "sum"))

    table = first.set_index(PAIR).join([orders, cancelled, viewed, early], how="outer").reset_index()
    table[COUNTS] = table[COUNTS].fillna(0).astype("Int64")
    table["partition"] = table["account_id"] % partitions
    return table


def expected_trends(items: pd.DataFrame, views: pd.DataFrame) -> pd.DataFrame:
    """One row for each product and UTC day (days since 1970) with an order or a view."""
    placed = items[items["placed"]].assign(day=lambda frame: frame["ordered_at"] // DAY_US)
    seen = views.assign(day=lambda frame: frame["viewed_at"] // DAY_US)
    orders = placed.groupby(DAY).agg(orders=("order_id", "nunique"), quantity=("quantity", "sum"))
    table = orders.join(seen.groupby(DAY).agg(views=("count", "sum")), how="outer").reset_index()
    counts = ["orders", "quantity", "views"]
    table[counts] = table[counts].fillna(0).astype("Int64")
    return table
