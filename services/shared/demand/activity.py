"""The activity of a shop by day, as arrays that can be asked for what was known at any moment."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

KEYS: Final = ("account_id", "product_id", "day", "known_on")
SUMS: Final = ("quantity", "amount", "cancelled_quantity", "views", "carts")
# Prices keep four decimals: sums of whole numbers are exact in any order, so a feature has one value to the bit.
AMOUNT_UNITS: Final = 10_000


class ActivityRefused(ValueError):
    """The rows are no activity: something is missing, or known before its day."""


@dataclass(frozen=True, slots=True)
class Activity:
    """Rows by the day on which they came to be known; days are counted from 1970-01-01.

    A pair-day is what happened to one (account, product) on one day; `row_pair_day` leads from a row to it, `pair_day_pair`
    to its pair, `pair_account` and `pair_product` from there to positions in `accounts` and `products`, which are sorted.
    """

    accounts: Ints
    products: Ints
    pair_account: Ints
    pair_product: Ints
    pair_day_pair: Ints
    pair_day_day: Ints
    row_known_on: Ints
    row_pair_day: Ints
    sums: dict[str, Ints]
    order_known_on: Ints
    order_account: Ints
    order_count: Ints


def days_since_epoch(dates: "pd.Series[pd.Timestamp]") -> Ints:
    """Days since 1970-01-01 of a column of dates or times (UTC)."""
    return pd.to_datetime(dates).to_numpy().astype("datetime64[D]").astype(np.int64)


def activity_of(pairs: pd.DataFrame, account_orders: pd.DataFrame) -> Activity:
    """Makes the arrays.

    Args:
        pairs: a row for each (account_id, product_id, day, known_on), with `SUMS`; rows of the same key are summed.
        account_orders: account_id, known_on, orders: distinct orders, which rows of pairs cannot tell.

    Raises:
        ActivityRefused: a column is missing, or a row is known before its day.
    """
    for frame, columns in ((pairs, (*KEYS, *SUMS)), (account_orders, ("account_id", "known_on", "orders"))):
        if missing := [name for name in columns if name not in frame.columns]:
            raise ActivityRefused(f"columns are missing: {', '.join(missing)}")
    day, known_on = days_since_epoch(pairs["day"]), days_since_epoch(pairs["known_on"])
    if (known_on < day).any():
        raise ActivityRefused(f"{int((known_on < day).sum())} rows are known before their day")
    accounts, account = np.unique(
        np.concatenate([pairs["account_id"].to_numpy(np.int64), account_orders["account_id"].to_numpy(np.int64)]),
        return_inverse=True,
    )
    products, product = np.unique(pairs["product_id"].to_numpy(np.int64), return_inverse=True)
    pair_key, pair = np.unique(account[: len(pairs)] * max(len(products), 1) + product, return_inverse=True)
    first_day = int(day.min(initial=0)) if len(day) else 0
    span = int(day.max(initial=first_day)) - first_day + 1
    pair_day_key, pair_day = np.unique(pair * span + (day - first_day), return_inverse=True)
    by_known = np.argsort(known_on, kind="stable")
    orders_known = days_since_epoch(account_orders["known_on"])
    orders_by_known = np.argsort(orders_known, kind="stable")
    return Activity(
        accounts=accounts,
        products=products,
        pair_account=pair_key // max(len(products), 1),
        pair_product=pair_key % max(len(products), 1),
        pair_day_pair=pair_day_key // span,
        pair_day_day=pair_day_key % span + first_day,
        row_known_on=known_on[by_known],
        row_pair_day=pair_day[by_known],
        sums={name: _whole(pairs[name], name)[by_known] for name in SUMS},
        order_known_on=orders_known[orders_by_known],
        order_account=account[len(pairs) :][orders_by_known],
        order_count=account_orders["orders"].to_numpy(np.int64)[orders_by_known],
    )


def _whole(values: "pd.Series[float]", name: str) -> Ints:
    """Whole numbers: pieces and counts as they are, amounts in `1 / AMOUNT_UNITS`."""
    units = AMOUNT_UNITS if name == "amount" else 1
    return np.rint(values.to_numpy(np.float64) * units).astype(np.int64)


def positions(keys: Ints, wanted: Ints) -> Ints:
    """Where each wanted key stands in the sorted keys; -1 where it does not."""
    if not len(keys):
        return np.full(len(wanted), -1, np.int64)
    found = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[found] == wanted, found, -1)


def pair_positions(activity: Activity, account_ids: Ints, product_ids: Ints) -> tuple[Ints, Ints, Ints]:
    """Positions of pairs, accounts and products; -1 where there is nothing."""
    account, product = positions(activity.accounts, account_ids), positions(activity.products, product_ids)
    key = account * len(activity.products) + product
    pair = positions(activity.pair_account * len(activity.products) + activity.pair_product, key)
    return np.where((account < 0) | (product < 0), -1, pair), account, product
