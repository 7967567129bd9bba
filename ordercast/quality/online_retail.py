"""The activity in UCI Online Retail, a real shop's file that lies beside the checkout and not in it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from ordercast.services.shared.demand.activity import Activity, Ints, activity_of, amount_units, days_since_epoch

FILE: Final = Path(__file__).parents[2].parent / "shared" / "data" / "online_retail.csv.gz"
# Of rows without a customer.
NOBODY: Final = 0


@dataclass(frozen=True, slots=True)
class Shop:
    """`columns` as a training gets them; `pieces` that were sold, and cancelled, in the rows that count."""

    columns: dict[str, Ints]
    pieces: int
    cancelled: int

    @property
    def activity(self) -> Activity:
        """The same, put together anew each time."""
        return activity_of(self.columns)


def read_shop(path: Path = FILE, *, anonymous: bool, cancelled: bool) -> Shop:
    """Reads the file: rows with a price and a quantity.

    Args:
        path: the file, as UCI has it, joined.
        anonymous: with rows without a customer, under account 0.
        cancelled: with cancellations, on their own day, because the file does not say what they cancel. Without, they
            are left out, as most studies of the file do.
    """
    columns = ["InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID"]
    lines = pd.read_csv(path, dtype={"InvoiceNo": str, "StockCode": str}, usecols=columns)
    taken_back = lines["InvoiceNo"].str.startswith("C")
    keep = (lines["UnitPrice"] > 0) & np.where(taken_back, cancelled, lines["Quantity"] > 0)
    if not anonymous:
        keep &= lines["CustomerID"].notna()
    lines, taken_back = lines[keep], taken_back[keep]
    pieces = lines["Quantity"].abs()
    quantity, cancelled_quantity = pieces.where(~taken_back, 0), pieces.where(taken_back, 0)
    day = days_since_epoch(pd.to_datetime(lines["InvoiceDate"]).to_numpy())
    rows = {
        "account_id": lines["CustomerID"].fillna(NOBODY).to_numpy(np.int64),
        "product_id": pd.factorize(lines["StockCode"], sort=True)[0] + 1,
        "day": day,
        "known_on": day,
        "first_lines": np.array(~taken_back & ~lines["InvoiceNo"].duplicated(), np.int64),
        "quantity": quantity.to_numpy(np.int64),
        "amount": amount_units((quantity * lines["UnitPrice"]).to_numpy(np.float64)),
        "cancelled_quantity": cancelled_quantity.to_numpy(np.int64),
        "views": np.zeros(len(lines), np.int64),
        "carts": np.zeros(len(lines), np.int64),
    }
    return Shop(rows, int(quantity.sum()), int(cancelled_quantity.sum()))
