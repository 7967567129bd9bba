"""Intervals are judged whole, networks included, on small made-up rows."""

from dataclasses import replace

import numpy as np
import pytest

from ordercast.quality.intervals import judge_intervals, section
from ordercast.services.shared.demand.conformal import CalibrationRefused
from ordercast.services.shared.demand.feature_list import PAIR_FEATURES
from ordercast.services.trainer.demand_networks.demand_questions import LINE
from ordercast.services.trainer.rows.rows import Rows

SMALL = replace(LINE, recipe=replace(LINE.recipe, members=2, hidden=(8,), epochs=3, batch_size=256, learning_rate=0.02))
NAMES = [feature.name for feature in PAIR_FEATURES]


def lines(seed: int, count: int, first: int, days: int) -> Rows:
    """Pieces follow the pair's usual order, over some days."""
    random = np.random.default_rng(seed)
    values = random.uniform(0, 3, (count, len(PAIR_FEATURES)))
    values[:, NAMES.index("product_lines")] = random.uniform(0, 7, count)
    target = 1 + random.poisson(np.expm1(values[:, NAMES.index("pair_level")]))
    place = np.arange(count)
    return Rows(PAIR_FEATURES, values, first + place % days, place % 50 + 1, place % 40, place * 0, target)


def test_calibrated_intervals_hold_what_they_say_on_rows_like_the_held_out_ones() -> None:
    judged = judge_intervals(SMALL, lines(0, 1_000, 0, 60), lines(1, 12_000, 60, 60), judged_from=90)

    everyone = judged.groups[0]
    assert (everyone.name, everyone.rows, judged.learned, judged.held_out) == ("all", 6_000, 1_000, 6_000)
    for covered in (everyone.frozen, everyone.rolling):
        assert covered.share == pytest.approx(0.9, abs=0.02)
        assert covered.width > 0
    assert f"| all | 6,000 | {everyone.frozen.share:.1%}" in section(judged)


def test_each_group_is_judged_by_its_own_rows() -> None:
    judged = judge_intervals(SMALL, lines(0, 1_000, 0, 60), lines(1, 3_000, 60, 60), judged_from=75)

    by_name = {group.name: group.rows for group in judged.groups}
    products = [rows for name, rows in by_name.items() if name.startswith("product with")]
    assert len(products) == 3
    assert sum(products) == by_name["all"] == by_name["1970-03"] + by_name["1970-04"]


def test_too_few_held_out_rows_are_refused() -> None:
    with pytest.raises(CalibrationRefused, match="too few"):
        judge_intervals(SMALL, lines(0, 1_000, 0, 60), lines(1, 1_000, 60, 60), judged_from=61)
