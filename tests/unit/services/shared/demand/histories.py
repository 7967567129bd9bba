"""Made-up activity of a shop."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from ordercast.services.shared.demand.activity import Activity, Ints, activity_of, amount_units, days_since_epoch

START = date(2024, 1, 1)
COLUMNS = ["account_id", "product_id", "day", "known_on", "quantity", "amount", "cancelled_quantity", "views", "carts"]


def epoch(day: date) -> int:
    return (day - date(1970, 1, 1)).days


def frame(rows: Sequence[tuple[int, ...]]) -> pd.DataFrame:
    """Rows of (account, product, day from START, days until known, quantity, unit price, cancelled, views, carts)."""
    days = [START + timedelta(days=row[2]) for row in rows]
    columns = list(zip(*rows, strict=True)) if rows else [()] * 9
    return pd.DataFrame(
        {
            "account_id": np.array(columns[0], np.int64),
            "product_id": np.array(columns[1], np.int64),
            "day": pd.to_datetime(pd.Series(days, dtype=object)),
            "known_on": pd.to_datetime(
                pd.Series([day + timedelta(days=row[3]) for day, row in zip(days, rows, strict=True)], dtype=object)
            ),
            "quantity": np.array(columns[4], np.int64),
            "amount": np.array(columns[4], np.int64) * np.array(columns[5], np.float64),
            "cancelled_quantity": np.array(columns[6], np.int64),
            "views": np.array(columns[7], np.int64),
            "carts": np.array(columns[8], np.int64),
        }
    )


def activity(pairs: pd.DataFrame) -> Activity:
    """Its arrays; one order for each account and day on which a quantity came to be known."""
    return activity_of(columns_of(pairs))


def columns_of(pairs: pd.DataFrame) -> dict[str, Ints]:
    """The frame as `activity_of` takes it."""
    ordered = pairs["quantity"].to_numpy() > 0
    first = np.zeros(len(pairs), np.int64)
    first[np.flatnonzero(ordered)[~pairs[ordered].duplicated(["account_id", "known_on"]).to_numpy()]] = 1
    return {
        **{name: days_since_epoch(pd.to_datetime(pairs[name]).to_numpy()) for name in ("day", "known_on")},
        **{name: pairs[name].to_numpy(np.int64) for name in COLUMNS if name not in ("day", "known_on", "amount")},
        "amount": amount_units(pairs["amount"].to_numpy(np.float64)),
        "first_lines": first,
    }


ROWS = st.lists(
    st.tuples(
        st.integers(1, 5),
        st.integers(1, 4),
        st.integers(0, 130),
        st.sampled_from([0, 0, 0, 1, 40]),
        st.one_of(st.just(0), st.integers(1, 30), st.just(1_000_000)),
        st.integers(0, 50),
        st.sampled_from([0, 0, 0, 3, 1_000_000]),
        st.one_of(st.just(0), st.integers(1, 9), st.just(10**9)),
        st.integers(0, 3),
    ),
    max_size=40,
)
