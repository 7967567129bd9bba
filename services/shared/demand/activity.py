"""The activity of a shop by day, as arrays that can be asked for what was known at any moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

KEYS: Final = ("account_id", "product_id", "day", "known_on")
# Of those of `contracts.activity`: what features are made of.
SUMS: Final = ("first_lines", "quantity", "amount", "cancelled_quantity", "views", "carts")
COLUMNS: Final = (*KEYS, *SUMS)
# Prices keep four decimals: sums of whole numbers are exact in any order, so a feature has one value to the bit.
AMOUNT_UNITS: Final = 10_000


class ActivityRefused(ValueError):
    """The rows are no activity: something is missing, or known before its day."""


@dataclass(frozen=True, slots=True)
class Activity:
    """Rows by the day on which they came to be known; days are counted from 1970-01-01.

    A pair-day is what happened to one (account, product) on one day; `row_pair_day` leads from a row to it, `pair_day_pair`
    to its pair, `pair_account` and `pair_product` from there to positions in `accounts` and `products`, which are sorted, as is
    `pair_key`, by which a pair is found: one number of both positions.
    """

    accounts: Ints
    products: Ints
    pair_key: Ints
    pair_account: Ints
    pair_product: Ints
    pair_day_pair: Ints
    pair_day_day: Ints
    row_known_on: Ints
    row_pair_day: Ints
    sums: dict[str, Ints]


def days_since_epoch(dates: NDArray[np.datetime64]) -> Ints:
    """Days since 1970-01-01 of dates or times (UTC)."""
    return dates.astype("datetime64[D]").astype(np.int64)


def amount_units(amounts: Floats) -> Ints:
    """Amounts of money in whole `1 / AMOUNT_UNITS`."""
    return np.rint(amounts * AMOUNT_UNITS).astype(np.int64)


def activity_of(columns: Mapping[str, Ints]) -> Activity:
    """Makes the arrays.

    Args:
        columns: a row for each (account_id, product_id, day, known_on), with `SUMS`; rows of the same key are summed. Days
            are counted from 1970-01-01, `amount` is in whole `1 / AMOUNT_UNITS`.

    Raises:
        ActivityRefused: a column is missing, or a row is known before its day.
    """
    if missing := [name for name in COLUMNS if name not in columns]:
        raise ActivityRefused(f"columns are missing: {', '.join(missing)}")
    day, known_on = columns["day"], columns["known_on"]
    if (known_on < day).any():
        raise ActivityRefused(f"{int((known_on < day).sum())} rows are known before their day")
    accounts, account = np.unique(columns["account_id"], return_inverse=True)
    products, product = np.unique(columns["product_id"], return_inverse=True)
    pair_key, pair = np.unique(account * max(len(products), 1) + product, return_inverse=True)
    first_day = int(day.min()) if len(day) else 0
    span = int(day.max()) - first_day + 1 if len(day) else 1
    pair_day_key, pair_day = np.unique(pair * span + (day - first_day), return_inverse=True)
    by_known = np.argsort(known_on, kind="stable")
    return Activity(
        accounts=accounts,
        products=products,
        pair_key=pair_key,
        pair_account=pair_key // max(len(products), 1),
        pair_product=pair_key % max(len(products), 1),
        pair_day_pair=pair_day_key // span,
        pair_day_day=pair_day_key % span + first_day,
        row_known_on=known_on[by_known],
        row_pair_day=pair_day[by_known],
        sums={name: columns[name][by_known] for name in SUMS},
    )


def positions(keys: Ints, wanted: Ints) -> Ints:
    """Where each wanted key stands in the sorted keys; -1 where it does not."""
    if not len(keys):
        return np.full(len(wanted), -1, np.int64)
    found = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[found] == wanted, found, -1)


def pair_positions(activity: Activity, account_ids: Ints, product_ids: Ints) -> tuple[Ints, Ints, Ints]:
    """Positions of pairs, accounts and products; -1 where there is nothing."""
    account, product = positions(activity.accounts, account_ids), positions(activity.products, product_ids)
    pair = positions(activity.pair_key, account * len(activity.products) + product)
    return np.where((account < 0) | (product < 0), -1, pair), account, product
