"""Weeks end with the moment; the level weighs them, the last one most."""

import numpy as np
import pytest

from ordercast.services.shared.demand.known import known_at
from ordercast.services.shared.demand.weekly_levels import pieces_by_week, smoothed_levels, weeks_on_sale
from tests.unit.services.shared.demand.histories import START, activity, epoch, frame


def test_a_week_is_seven_days_before_the_moment() -> None:
    rows = [(account, 1, day, 0, 1 + day, 1, 0, 0, 0) for account in (1, 2) for day in (6, 13, 14, 20)]
    known = known_at(activity(frame(rows)), epoch(START) + 21)
    assert pieces_by_week(known)[0, :4].tolist() == [72, 28, 14, 0]
    assert weeks_on_sale(known).tolist() == [3, 0]


def test_the_last_week_weighs_three_tenths() -> None:
    weeks = np.zeros((1, 104), np.int64)
    weeks[0, 0] = 100
    assert smoothed_levels(weeks, np.array([104]))[0] == pytest.approx(30)
