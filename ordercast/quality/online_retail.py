"""The activity in UCI Online Retail, a real shop's file that lies beside the checkout and not in it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from ordercast.services.shared.demand.activity import Activity, activity_of

FILE: Final = Path(__file__).parents[2].parent / "shared" / "data" / "online_retail.csv.gz"
# Of rows without a customer.
NOBODY: Final = 0
_KEYS: Final = ["account_id", "product_id", "day"]


@dataclass(frozen=True, slots=True)
class Shop:
    """`pieces` that were sold, and cancelled, in the rows that count."""

    activity: Activity
    pieces: int
    cancelled: int


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
    pairs = pd.DataFrame(
        {
            "account_id": lines["CustomerID"].fillna(NOBODY).astype(np.int64),
            "product_id": pd.factorize(lines["StockCode"], sort=True)[0] + 1,
            "day": pd.to_datetime(lines["InvoiceDate"]).dt.normalize(),
            "quantity": pieces.where(~taken_back, 0),
            "amount": (pieces * lines["UnitPrice"]).where(~taken_back, 0.0),
            "cancelled_quantity": pieces.where(taken_back, 0),
            "views": 0,
            "carts": 0,
            "invoice": lines["InvoiceNo"],
        }
    )
    invoices = pairs[~taken_back].drop_duplicates("invoice")
    orders = invoices.groupby(["account_id", "day"]).size().rename("orders").reset_index()
    summed = pairs.drop(columns="invoice").groupby(_KEYS, as_index=False).sum()
    activity = activity_of(summed.assign(known_on=summed["day"]), orders.rename(columns={"day": "known_on"}))
    return Shop(activity, int(summed["quantity"].sum()), int(summed["cancelled_quantity"].sum()))
