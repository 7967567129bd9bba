"""Forecasts as a table."""

import csv
import io
from datetime import date, timedelta

from ordercast.services.predictor.forecast_products import ProductForecast, Week
from ordercast.services.predictor.forecast_schemas import as_csv

START = date(2026, 3, 2)


def forecast(sku: str) -> ProductForecast:
    return ProductForecast(7, sku, -0.5, 3, [Week(START, -0.5, 0, 3)], False, [], [])


def test_a_sku_that_begins_like_a_formula_is_text_and_numbers_stay_numbers() -> None:
    for sku, cell in (("=1+1", "'=1+1"), ("-3", "'-3"), ("\t=1", "'\t=1"), ("MUG-1", "MUG-1")):
        [_, row] = csv.reader(io.StringIO(as_csv([forecast(sku)], [START]), newline=""))
        assert row == ["7", cell, "-0.5", "3", "-0.5", "0", "3"]


def test_a_table_without_a_product_has_all_columns() -> None:
    starts = [START, START + timedelta(days=7)]
    columns = [f"{what}_{start}" for start in starts for what in ("expected", "low", "high")]
    assert list(csv.reader(io.StringIO(as_csv([], starts)))) == [["product_id", "sku", "expected", "stock", *columns]]
