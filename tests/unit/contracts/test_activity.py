"""Every place that writes the names of the activity's columns down, against the one list of them."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ordercast.contracts.activity import DAYS, SUMS, ActivityColumn
from ordercast.reading.data_sets import ACTIVITY, ACTIVITY_SQL
from ordercast.services.feature_worker import activity
from ordercast.services.feature_worker.aggregate import ActivityChange
from ordercast.services.shared.db.features import PairActivity, ProductActivity
from ordercast.services.shared.demand import activity as demand
from ordercast.verify import spool, tables

NAMES = [column.name for column in (*DAYS, *SUMS)]
TYPES = {column.name: column.type for column in (*DAYS, *SUMS)}
PYTHON_TYPES = {int: "integer", Decimal: "decimal", date: "date"}
PAIR = ["account_id", "product_id"]
LEVELS = pytest.mark.parametrize(
    ("table", "whose", "in_verify", "query"),
    [
        (PairActivity, PAIR, spool.PAIR_ACTIVITY, tables.PAIR_ACTIVITY_SQL),
        (ProductActivity, PAIR[1:], spool.PRODUCT_ACTIVITY, tables.PRODUCT_ACTIVITY_SQL),
    ],
)


def test_the_features_at_a_moment_are_made_of_its_columns() -> None:
    assert set(demand.KEYS) | set(demand.SUMS) <= {*PAIR, *NAMES}


@LEVELS
def test_each_place_has_each_column(table: Any, whose: list[str], in_verify: Any, query: str) -> None:
    columns = table.__table__.columns
    assert sorted(columns.keys()) == sorted([*whose, *NAMES])
    assert {name: PYTHON_TYPES[columns[name].type.python_type] for name in NAMES} == TYPES
    assert [column.name for column in table.__table__.primary_key] == [*whose, "day", "known_on"]
    assert in_verify.names == [*whose, *NAMES]
    # The table is read into these columns by their place: the statement has to name them in the same order.
    assert re.findall(rf"\b({'|'.join(in_verify.names)})\b", query) == in_verify.names
    written = re.search(rf"INSERT INTO {table.__tablename__} AS t \((.*?)\)", str(activity._ADD))
    assert written
    assert written[1].split(", ") == [*whose, *NAMES]


def test_the_worker_sums_each() -> None:
    assert list(ActivityChange.__slots__) == [column.name for column in SUMS]


def test_the_export_has_each_column_in_the_order_of_its_query() -> None:
    assert list(ACTIVITY) == ["account_id", "account_ref", "product_id", "sku", *NAMES]
    shown = re.findall(r"\b[tap]\.(\w+)", ACTIVITY_SQL.partition("FROM")[0])
    assert shown == list(ACTIVITY)


@pytest.mark.parametrize("column", [*DAYS, *SUMS], ids=NAMES)
def test_each_column_has_a_meaning(column: ActivityColumn) -> None:
    assert column.meaning.strip()
