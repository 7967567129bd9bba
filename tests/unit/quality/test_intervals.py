"""Coverage is counted by group, of intervals that were calibrated on what was known before."""

import numpy as np
import pytest

from ordercast.quality.intervals import STOCK, TWO_SIDED, Form, JudgedIntervals, Later, judge_intervals, section
from ordercast.services.shared.demand.activity import Bools
from ordercast.services.shared.demand.conformal import CalibrationRefused
from ordercast.services.shared.demand.intervals import Said


def later(rows: int, days: int, known_after: int = 1, risen_from: int = 1_000) -> Later:
    """Pieces of one middle and spread; from a day on, twice as many."""
    random = np.random.default_rng(1)
    middle, moment = random.normal(3, 0.5, rows), np.arange(rows) % days
    risen = np.where(moment >= risen_from, 2.0, 1.0)
    target = (risen * np.exp(random.normal(middle, 0.5))).astype(np.int64)
    said = Said(np.exp(middle), middle - 0.8, middle, middle + 0.8)
    return Later(said, np.zeros((rows, 1), np.int64), target, moment, moment + known_after)


def judged(form: Form, rows: Later, judged_from: int) -> JudgedIntervals:
    everyone: Bools = np.ones(len(rows.target), np.bool_)
    looked_at = [("all", everyone), ("odd", rows.target % 2 == 1), ("none", ~everyone)]
    return judge_intervals(form, 1_000, rows, judged_from, looked_at)


@pytest.mark.parametrize("form", [TWO_SIDED, STOCK], ids=["interval", "stock"])
def test_calibrated_intervals_hold_what_they_say_on_rows_like_the_held_out_ones(form: Form) -> None:
    rows = later(12_000, 60)
    found = judged(form, rows, judged_from=30)

    everyone, odd = found.groups  # a group without a row is left out
    assert (everyone.name, everyone.rows, found.learned, found.held_out) == ("all", 6_000, 1_000, 6_000)
    assert odd.rows == int(((rows.target % 2 == 1) & (rows.moment >= 30)).sum())
    for covered in (everyone.frozen, everyone.rolling):
        assert covered.share == pytest.approx(form.level, abs=0.015)
        assert covered.width > 0
    assert f"| all | 6,000 | {everyone.frozen.share:.1%}" in section(found, "Lines.")


def test_a_calibration_of_each_week_follows_what_rises_and_one_that_is_made_once_does_not() -> None:
    everyone = judged(TWO_SIDED, later(40_000, 140, risen_from=70), judged_from=63).groups[0]

    assert everyone.frozen.share < 0.75
    assert everyone.rolling.share > everyone.frozen.share + 0.05


def test_what_is_not_known_yet_is_not_calibrated_on() -> None:
    """Pieces of 28 days are known at their end: three weeks after a rise every calibration is still one of before."""
    rows = later(40_000, 91, known_after=28, risen_from=70)

    found = judged(TWO_SIDED, rows, judged_from=70)

    assert found.held_out == int((rows.moment <= 42).sum())
    assert found.groups[0].rolling.share == pytest.approx(found.groups[0].frozen.share, abs=0.02)


def test_groups_that_do_not_hold_are_named() -> None:
    risen = section(judged(TWO_SIDED, later(40_000, 91, known_after=28, risen_from=70), judged_from=70), "Pairs.")
    steady = section(judged(TWO_SIDED, later(40_000, 91), judged_from=70), "Pairs.")

    assert "all groups hold 87% or more but: all (" in risen
    assert steady.endswith("every group holds 87% or more.")


def test_too_few_held_out_rows_are_refused() -> None:
    with pytest.raises(CalibrationRefused, match="too few"):
        judged(TWO_SIDED, later(1_000, 60), judged_from=1)
