"""Activity is refused where it could not be true, and its keys lead to their places."""

import numpy as np
import pytest

from ordercast.services.shared.demand.activity import ActivityRefused, activity_of, pair_positions
from tests.unit.services.shared.demand.histories import activity, columns_of, frame

ROWS = [(7, 3, 5, 0, 2, 1, 0, 0, 0), (2, 9, 6, 1, 4, 1, 0, 0, 0)]


def test_a_row_known_before_its_day_is_refused() -> None:
    with pytest.raises(ActivityRefused, match="1 rows are known before their day"):
        activity(frame([*ROWS, (7, 3, 5, -1, 2, 1, 0, 0, 0)]))


def test_a_missing_column_is_named() -> None:
    columns = columns_of(frame(ROWS))
    del columns["carts"]
    with pytest.raises(ActivityRefused, match="columns are missing: carts"):
        activity_of(columns)


def test_keys_lead_to_their_places_and_unknown_ones_to_none() -> None:
    found = activity(frame(ROWS))
    pair, account, product = pair_positions(found, np.array([7, 2, 7, 1]), np.array([3, 9, 9, 3]))
    assert account.tolist() == [1, 0, 1, -1]
    assert product.tolist() == [0, 1, 1, 0]
    assert pair.tolist() == [1, 0, -1, -1]


def test_there_may_be_nothing_at_all() -> None:
    pair, _, _ = pair_positions(activity(frame([])), np.array([7]), np.array([3]))
    assert pair.tolist() == [-1]
