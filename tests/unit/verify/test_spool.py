"""Rows go through the disk in slices by product."""

from pathlib import Path

import pytest

from ordercast.verify import spool
from tests.support.oracle_features import (
    View,
)


def test_rows_come_back_from_the_spool_slice_by_slice_with_all_of_a_product_together(tmp_path: Path) -> None:
    rows = [View(account, product, f"{account}/{product}", 1, 0) for account in range(1, 50) for product in range(1, 8)]
    with spool.Spool(tmp_path, "views", spool.VIEWS, 3) as views:
        views.add(rows[:100])
        views.add(rows[100:])
    frames = [views.frame(number) for number in range(3)]
    assert sorted(id_ for f in frames for id_ in f["event_id"]) == sorted(row.event_id for row in rows)
    assert [set(f["product_id"] % 3) for f in frames] == [{0}, {1}, {2}]
    assert views.rows == len(rows)


@pytest.mark.parametrize(("rows", "slices"), [(0, 1), (300_000, 1), (300_001, 2), (10**12, 110)])
def test_more_rows_are_dealt_into_more_slices(rows: int, slices: int) -> None:
    assert spool.slices_for(rows) == slices
