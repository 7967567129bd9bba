"""Every difference between two tables is found, and none where there is none."""

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordercast.verify import spool
from ordercast.verify.compare import Difference, differences
from ordercast.verify.recompute import PAIR, expected_features
from tests.support.oracle_features import (
    Item,
    View,
    features_frame,
    items_frame,
    plain_features,
    views_frame,
)
from tests.support.order_histories import histories

PARTITIONS = 4


@pytest.mark.no_cover  # other tests run these lines; traced, it takes three times as long
@settings(max_examples=60)
@given(histories(), st.data())
def test_one_changed_field_is_one_difference(history: tuple[list[Item], list[View]], data: st.DataObject) -> None:
    items, views = history
    rows = [list(row) for row in plain_features(items, views, PARTITIONS).values()]
    if not rows:
        return
    row = data.draw(st.sampled_from(rows))
    column = data.draw(st.integers(2, len(spool.FEATURES) - 1))
    name = spool.FEATURES.names[column]
    before = row[column]
    row[column] = "another" if name == "first_event_id" else (before or 0) + 1
    found = list(
        differences(
            "feature_rows",
            PAIR,
            expected_features(items_frame(items), views_frame(views), PARTITIONS),
            features_frame(rows),
        )
    )
    key = {"account_id": row[0], "product_id": row[1]}
    assert found == [Difference("feature_rows", key, name, before, row[column])]


def test_a_missing_row_and_a_row_too_many_are_differences() -> None:
    items = [Item(1, 2, str(UUID(int=1)), 1, 5, 10_000, 7, 7, True, False)]
    expected = expected_features(items_frame(items), views_frame([]), PARTITIONS)
    (row,) = plain_features(items, [], PARTITIONS).values()
    found = list(differences("feature_rows", PAIR, expected, features_frame([(9, *row[1:])])))
    assert sorted(map(str, found)) == [
        "feature_rows account_id=1, product_id=2: the row is missing",
        "feature_rows account_id=9, product_id=2: the row should not be there",
    ]


def test_a_missing_value_differs_from_a_present_one() -> None:
    items = [Item(1, 2, str(UUID(int=1)), 1, 5, 10_000, 7, 7, True, False)]
    expected = expected_features(items_frame(items), views_frame([]), PARTITIONS)
    (row,) = plain_features(items, [], PARTITIONS).values()
    changed = list(row)
    changed[spool.FEATURES.get_field_index("first_price")] = None
    (found,) = differences("feature_rows", PAIR, expected, features_frame([changed]))
    assert str(found) == "feature_rows account_id=1, product_id=2: first_price is None, should be 10000"
