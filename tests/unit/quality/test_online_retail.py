"""The real shop's rows: what is left out, what is taken back, and how many there are."""

import os
from pathlib import Path

import pytest

from ordercast.quality.online_retail import FILE, read_shop
from ordercast.quality.questions import END, HORIZON_DAYS, day
from ordercast.services.shared.demand.rows import pair_rows

ROWS = """InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
1,A,x,6,2011-01-03 08:00:00,2.5,17,UK
1,A,x,2,2011-01-03 08:00:00,2.5,17,UK
C2,A,x,-3,2011-01-04 09:00:00,2.5,17,UK
3,B,x,4,2011-01-05 09:00:00,1,,UK
4,B,x,4,2011-01-05 09:00:00,0,17,UK
5,B,x,-4,2011-01-05 09:00:00,1,17,UK
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.csv"
    path.write_text(ROWS)
    return path


def test_rows_without_a_customer_price_or_quantity_are_left_out(small: Path) -> None:
    shop = read_shop(small, anonymous=False, cancelled=False)
    assert (shop.pieces, shop.cancelled, shop.activity.accounts.tolist()) == (8, 0, [17])
    assert shop.activity.sums["amount"].sum() == 200_000


def test_with_them_they_are_account_0_and_cancellations_stand_on_their_own_day(small: Path) -> None:
    shop = read_shop(small, anonymous=True, cancelled=True)
    assert (shop.pieces, shop.cancelled, shop.activity.accounts.tolist()) == (12, 3, [0, 17])
    assert shop.activity.pair_day_day.tolist() == [day("2011-01-05"), day("2011-01-03"), day("2011-01-04")]


def test_the_pairs_of_the_real_file_are_those_of_its_plain_sums() -> None:
    """573,052 pairs at three moments, of which 6.65 % ordered 732,086 pieces again within 28 days."""
    if not FILE.exists():
        message = f"the real file is not at {FILE}"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    shop = read_shop(anonymous=False, cancelled=False).activity
    rows = pair_rows(shop, [day(f"2011-{month}-01") for month in ("09", "10", "11")], HORIZON_DAYS, END)
    assert (len(rows), rows.target.sum()) == (573_052, 732_086)
    assert (rows.target > 0).mean() == pytest.approx(0.0665, abs=0.0001)
