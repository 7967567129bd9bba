"""The feature table, the trends and the activity by day, computed anew from orders and views with pandas. Pure.

It follows the recipe (left join, missing views are 0, the first row for each pair) and the meaning of each feature, and
shares no code with the worker that it judges.
"""

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd

from ordercast.verify.spool import ACTIVITY_SUMS, TREND_FIGURES

PAIR: Final = ["account_id", "product_id"]
PRODUCT_TREND: Final = ["product_id", "starts_at"]
SHOP_TREND: Final = ["starts_at", "partition"]
PRODUCT_DAY: Final = ["product_id", "day", "known_on"]
PAIR_DAY: Final = ["account_id", *PRODUCT_DAY]
PREDICTION: Final = ["account_id", "product_id", "starts_on", "model_version"]
COUNTS: Final = ["order_count", "total_quantity", "cancelled_quantity", "view_count", "views_before_first_order"]
QUARTER_US: Final = 900_000_000  # a quarter of an hour: what a row of the trends stands for
DAY_US: Final = 86_400_000_000
AMOUNT_MODULUS: Final = 2**62  # amounts are compared modulo this: the largest order alone is more than 64 bits hold


def without_repeats(views: pd.DataFrame) -> pd.DataFrame:
    """Each event once: of those with the same id the first one."""
    return views.drop_duplicates("event_id")


def without_carts(views: pd.DataFrame) -> pd.DataFrame:
    """Those that are views: the feature table and the trends do not count carts."""
    return views[~views["is_cart"]]


def expected_predictions(predictions: pd.DataFrame, oldest: int) -> pd.DataFrame:
    """Of those that say the same days of a pair by the same model the first one, in the order of the topic."""
    return not_older(predictions, oldest).drop_duplicates(PREDICTION)


def not_older(predictions: pd.DataFrame, oldest: int) -> pd.DataFrame:
    """Those whose first day is `oldest` or later."""
    return predictions[predictions["starts_on"] >= oldest]


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


def expected_trends(items: pd.DataFrame, views: pd.DataFrame, partitions: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The trends by product, and the part of these items and views in the shop's: add it up over all products."""
    placed, cancelled = items[items["placed"]], items[items["cancelled"]]
    lines = pd.DataFrame(
        {
            **_whose(placed, partitions),
            "at": placed["ordered_at"],
            "orders": ~placed.duplicated(["order_id", "product_id"]),
            # Each order has one line 1, whatever products are looked at.
            "shop_orders": placed["line"] == 1,
            "order_lines": 1,
            "quantity": placed["quantity"],
        }
    )
    taken_back = pd.DataFrame(
        {
            **_whose(cancelled, partitions),
            "at": cancelled["cancelled_at"],
            "cancelled_quantity": cancelled["quantity"],
        }
    )
    seen = pd.DataFrame({**_whose(views, partitions), "at": views["viewed_at"], "views": views["count"]})
    facts = pd.concat([lines, taken_back, seen])
    facts["starts_at"] = facts["at"] // QUARTER_US * QUARTER_US
    figures = [*TREND_FIGURES, "shop_orders"]
    facts[figures] = facts[figures].astype("Int64").fillna(0)
    of_shop = facts.drop(columns="orders").rename(columns={"shop_orders": "orders"})
    return _summed(facts, PRODUCT_TREND), _summed(of_shop, SHOP_TREND)


def expected_activity(items: pd.DataFrame, events: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What each pair did on each day, and each product; `events` are views and carts, each once."""
    placed, cancelled = items[items["placed"]], items[items["cancelled"]]
    ordered_on = placed["ordered_at"] // DAY_US
    lines = placed[PAIR].assign(
        day=ordered_on,
        known_on=ordered_on,
        orders=~placed.duplicated(["order_id", "product_id"]),
        # Each order has one line 1, whatever products are looked at.
        first_lines=placed["line"] == 1,
        order_lines=1,
        quantity=placed["quantity"],
        amount=placed["price"] * placed["quantity"],
    )
    taken_back = cancelled[PAIR].assign(
        day=cancelled["ordered_at"] // DAY_US,
        known_on=cancelled[["ordered_at", "cancelled_at"]].max(axis="columns") // DAY_US,
        cancelled_quantity=cancelled["quantity"],
    )
    seen_on = events["viewed_at"] // DAY_US
    seen = events[PAIR].assign(
        day=seen_on,
        known_on=seen_on,
        views=events["count"].where(~events["is_cart"], 0),
        carts=events["count"].where(events["is_cart"], 0),
    )
    facts = pd.concat([lines, taken_back, seen])
    facts[list(ACTIVITY_SUMS)] = facts[list(ACTIVITY_SUMS)].astype("Int64").fillna(0)
    return _summed_by_day(facts, PAIR_DAY), _summed_by_day(facts, PRODUCT_DAY)


def _summed_by_day(facts: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    sums = facts.groupby(key)[list(ACTIVITY_SUMS)].sum().reset_index()
    # Right also where products and sums of whole numbers have wrapped around, which they do at 2^64.
    return sums.assign(amount=sums["amount"] % AMOUNT_MODULUS)


def added_up(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The shop's trends out of their parts."""
    return _summed(pd.concat(parts), SHOP_TREND)


def _whose(rows: pd.DataFrame, partitions: int) -> dict[str, Any]:
    return {"product_id": rows["product_id"], "partition": rows["account_id"] % partitions}


def _summed(facts: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    return facts.groupby(key)[list(TREND_FIGURES)].sum().reset_index()
