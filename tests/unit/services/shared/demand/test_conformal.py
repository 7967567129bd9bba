"""Thresholds hold what their level says, by group, whatever comes back from storage."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordercast.services.shared.demand.conformal import (
    FEWEST_IN_ALL,
    FEWEST_IN_GROUP,
    UNBOUNDED,
    Calibration,
    CalibrationRefused,
    Floats,
    Ints,
    calibrate,
    from_arrays,
    most_pieces,
    rows_behind,
    thresholds,
    thresholds_and_most,
)

LEVELS = st.floats(0.5, 0.99)


@st.composite
def held_out(draw: st.DrawFn) -> tuple[Floats, Ints]:
    """Scores with ties and some minus infinities, and two kinds of groups, the first within the second."""
    rows = draw(st.integers(FEWEST_IN_ALL, 3000))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    scores = random.normal(0, 2, rows).round(draw(st.integers(0, 6)))
    scores[random.random(rows) < draw(st.sampled_from((0, 0.3, 0.95)))] = -np.inf
    coarse = random.integers(0, draw(st.integers(1, 4)), rows)
    return scores, np.column_stack([coarse * 3 + random.integers(0, 3, rows), coarse])


@settings(max_examples=40)
@given(held_out(), st.lists(LEVELS, min_size=2, max_size=5))
def test_a_higher_level_never_has_a_lower_threshold(rows: tuple[Floats, Ints], levels: list[float]) -> None:
    calibration = calibrate(*rows)
    found = [thresholds(calibration, rows[1], level) for level in sorted(levels)]
    assert all((low <= high).all() for low, high in pairwise(found))


@settings(max_examples=40)
@given(held_out(), LEVELS)
def test_a_threshold_is_the_score_of_its_rank_or_at_most_a_thousandth_above(
    rows: tuple[Floats, Ints], level: float
) -> None:
    scores, groups = rows
    calibration = calibrate(scores, groups)
    found, behind = thresholds(calibration, groups, level), rows_behind(calibration, groups)
    for row in (0, len(scores) // 2, len(scores) - 1):
        same = [groups[:, depth] == groups[row, depth] for depth in (0, 1)]
        needed = (FEWEST_IN_GROUP, FEWEST_IN_ALL)
        large = (there for there, fewest in zip(same, needed, strict=True) if there.sum() >= fewest)
        of_group = next(large, np.ones(len(scores), np.bool_))
        assert behind[row] == of_group.sum()
        held = np.sort(scores[of_group])
        rank = int(np.ceil((len(held) + 1) * level - 1e-9))
        assert held[rank - 1] <= found[row] <= held[min(rank - 1 + len(held) // 1000 + 1, len(held) - 1)]


def test_a_row_is_bounded_by_the_most_pieces_of_its_group_and_by_nothing_in_a_calibration_of_before() -> None:
    group, pieces = np.repeat([0, 1], 500)[:, None], np.concatenate([np.arange(500), 3 * np.arange(500)])
    made = calibrate(np.arange(1_000.0), group, pieces)
    assert most_pieces(made, np.array([[0], [1], [7]])).tolist() == [499, 1_497, 1_497]
    of_before = from_arrays({name: array for name, array in made.arrays().items() if name != "most"})
    assert most_pieces(of_before, np.array([[0]])).tolist() == [UNBOUNDED]


@settings(max_examples=40)
@given(held_out(), LEVELS, st.booleans())
def test_threshold_and_bound_are_those_that_are_asked_for_apart(
    rows: tuple[Floats, Ints], level: float, under_0: bool
) -> None:
    scores, groups = rows
    groups[:, 0] -= 7 * under_0
    made = calibrate(scores, groups, np.arange(len(scores)))
    asked = np.concatenate([groups, [[99, 99]]])
    wide, most = thresholds_and_most(made, asked, level)
    assert wide.tolist() == thresholds(made, asked, level).tolist()
    assert most.tolist() == most_pieces(made, asked).tolist()


def test_a_group_under_0_has_a_threshold_of_its_own_from_fewer_scores_on_and_the_bound_of_the_next_kind() -> None:
    fine, coarse = np.repeat([-1, -2, 5, 6], [99, 98, 98, 205]), np.repeat([0, 0, 0, 1], [99, 98, 98, 205])
    made = calibrate(np.arange(500.0), np.column_stack([fine, coarse]), np.arange(500))
    asked = np.array([[-1, 0], [-1, 1], [-2, 0], [5, 0]])
    assert rows_behind(made, asked).tolist() == [99, 99, 295, 295]
    assert thresholds(made, asked, 0.9).tolist() == [89, 89, 266, 266]
    assert most_pieces(made, asked).tolist() == [294, 499, 294, 294]


@settings(max_examples=40)
@given(held_out(), LEVELS)
def test_stored_arrays_give_the_same_thresholds(rows: tuple[Floats, Ints], level: float) -> None:
    calibration = calibrate(*rows)
    again = from_arrays(calibration.arrays())
    assert again.most.tolist() == calibration.most.tolist()
    assert np.array_equal(thresholds(again, rows[1], level), thresholds(calibration, rows[1], level))


@settings(max_examples=20)
@given(st.integers(FEWEST_IN_ALL, 150), LEVELS, st.integers(0, 2**32), st.sampled_from((5, 40, 10**6)))
def test_a_row_is_under_what_the_others_say_as_often_as_the_level_says(
    rows: int, level: float, seed: int, values: int
) -> None:
    """Each of rows + 1 could have been the new one, with the same right: this is all that the promise rests on."""
    scores = np.random.default_rng(seed).integers(0, values, rows + 1).astype(np.float64)
    nobody = np.zeros((rows, 0), np.int64)
    said = [thresholds(calibrate(np.delete(scores, one), nobody), nobody[:1], level)[0] for one in range(rows + 1)]
    assert (scores <= said).mean() >= level - 1e-9


def test_a_new_group_and_a_small_one_have_the_threshold_of_the_next_larger() -> None:
    coarse = np.repeat([0, 1], [1000, 10])
    fine = np.concatenate([np.repeat([0, 1], [FEWEST_IN_GROUP, 1000 - FEWEST_IN_GROUP]), np.full(10, 5)])
    scores = np.concatenate([np.arange(1000.0), np.full(10, 5000.0)])
    calibration = calibrate(scores, np.column_stack([fine, coarse]))
    asked = np.array([[0, 0], [7, 0], [5, 1], [8, 9]])
    assert rows_behind(calibration, asked).tolist() == [FEWEST_IN_GROUP, 1000, 1010, 1010]
    assert thresholds(calibration, asked[:2], 0.9).tolist() == pytest.approx([360, 900], abs=1)


def test_a_group_of_the_coarsest_kind_is_not_thrown_together_with_all_others_as_long_as_a_level_can_be_told() -> None:
    coarse = np.repeat([0, 1, 2], [5000, FEWEST_IN_ALL, FEWEST_IN_ALL - 1])
    calibration = calibrate(np.where(coarse > 0, 9.0, 0.0), np.column_stack([coarse, coarse]))
    asked = np.array([[0, 0], [1, 1], [2, 2]])
    assert rows_behind(calibration, asked).tolist() == [5000, FEWEST_IN_ALL, len(coarse)]
    assert thresholds(calibration, asked, 0.9).tolist() == [0, 9, 0]


def test_a_calibration_with_fewer_kinds_goes_by_those_that_it_has() -> None:
    fine = np.repeat([0, 1], 500)
    of_before = calibrate(np.where(fine > 0, 9.0, 0.0), fine[:, None])
    asked = np.column_stack([fine, np.full(1000, 7)])
    assert thresholds(of_before, asked, 0.9).tolist() == np.where(fine > 0, 9.0, 0.0).tolist()
    with pytest.raises(ValueError, match="groups of 0 kinds in place of 1"):
        thresholds(of_before, asked[:, :0], 0.9)


def test_groups_differ_where_they_have_rows_enough() -> None:
    random = np.random.default_rng(0)
    group = np.repeat([0, 1], 5000)
    scores, new = (random.normal(0, 1 + 9 * group) for _ in range(2))
    found = thresholds(calibrate(scores, group[:, None]), group[:, None], 0.9)
    assert [(new[group == one] <= found[group == one]).mean() for one in (0, 1)] == pytest.approx([0.9, 0.9], abs=0.015)


def test_rows_that_tell_of_the_same_thing_are_one() -> None:
    """A product's week is asked for at eight moments, and missed at all or at none of them."""
    random, told = np.random.default_rng(0), np.repeat(np.arange(25), 8)
    nobody = np.zeros((200, 0), np.int64)
    held = {"each row": 0, "cells": 0}
    for _ in range(4_000):
        scores, new = np.repeat(random.exponential(1, 25), 8), random.exponential(1)
        for name, cells in (("each row", None), ("cells", told)):
            made = from_arrays(calibrate(scores, nobody, cells=cells).arrays())
            held[name] += new <= thresholds(made, nobody[:1], 0.9)[0]
    assert held["each row"] < 3_600 <= held["cells"]


def test_a_group_of_few_things_that_many_rows_tell_of_has_the_threshold_of_the_next_larger() -> None:
    group = np.repeat([0, 1], 2 * FEWEST_IN_GROUP)
    told = np.concatenate([np.arange(2 * FEWEST_IN_GROUP) // 8, np.arange(2 * FEWEST_IN_GROUP)])
    calibration = calibrate(
        np.where(group > 0, 1.0, 9.0), np.column_stack([group, np.zeros_like(group)]), cells=told + group * 10_000
    )
    assert rows_behind(calibration, np.array([[0, 0], [1, 0]])).tolist() == [4 * FEWEST_IN_GROUP, 2 * FEWEST_IN_GROUP]


def test_rows_of_accounts_that_come_with_all_of_their_rows_hold_what_the_level_says_of_other_accounts() -> None:
    """Most of what a row has is its account's: 400 rows of 20 accounts say less of the next account than rows of 400 would."""
    random, account = np.random.default_rng(0), np.repeat(np.arange(20), FEWEST_IN_GROUP // 20)
    groups = np.column_stack([np.zeros_like(account), np.zeros_like(account)])
    held, draws = {"rows": 0, "accounts": 0}, 2_000
    for _ in range(draws):
        scores = random.normal(0, 1, 20)[account] + random.normal(0, 0.3, len(account))
        new = random.normal(0, 1) + random.normal(0, 0.3)
        for name, accounts in (("rows", None), ("accounts", account)):
            made = from_arrays(calibrate(scores, groups, accounts=accounts).arrays())
            assert rows_behind(made, groups[:1]).tolist() == [FEWEST_IN_GROUP]  # few accounts are a group all the same
            held[name] += new <= thresholds(made, groups[:1], 0.9)[0]
    assert held["rows"] < 0.89 * draws < 0.9 * draws <= held["accounts"]


def test_of_very_few_accounts_not_all_intervals_are_the_widest() -> None:
    scores, nobody = np.arange(1_000.0), np.zeros((1_000, 1), np.int64)
    found = thresholds(calibrate(scores, nobody, accounts=np.zeros(1_000, np.int64)), nobody[:1], 0.9)
    assert 900 < found[0] < 950


def test_a_calibration_of_before_counts_each_row() -> None:
    made = calibrate(np.arange(1_000.0), np.zeros((1_000, 0), np.int64))
    of_before = from_arrays({name: array for name, array in made.arrays().items() if name != "cells"})
    assert of_before.cells.tolist() == made.cells.tolist() == [1_000]


def test_much_is_stored_in_little() -> None:
    calibration = calibrate(np.random.default_rng(0).normal(size=200_000), np.zeros((200_000, 1), np.int64))
    assert sum(array.nbytes for array in calibration.arrays().values()) < 10_000


@pytest.mark.parametrize(
    ("scores", "said"), [(np.zeros(FEWEST_IN_ALL - 1), "too few"), (np.full(200, np.nan), "200 of 200 scores")]
)
def test_what_no_threshold_can_come_from_is_refused(scores: Floats, said: str) -> None:
    with pytest.raises(CalibrationRefused, match=said):
        calibrate(scores, np.zeros((len(scores), 0), np.int64))


@pytest.mark.parametrize("level", [0.4, 0.995, float("nan")])
def test_a_level_out_of_bounds_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match="not between"):
        thresholds(_any(), np.zeros((1, 1), np.int64), level)


@pytest.mark.parametrize("broken", ["scores", "starts", "rows", "groups", "depths"])
def test_stored_arrays_that_do_not_belong_together_are_refused(broken: str) -> None:
    arrays = _any().arrays()
    with pytest.raises(CalibrationRefused):
        from_arrays(arrays | {broken: arrays[broken][:-1]})
    with pytest.raises(CalibrationRefused, match=broken):
        from_arrays({name: array for name, array in arrays.items() if name != broken})


def _any() -> Calibration:
    return calibrate(np.arange(1000.0), np.zeros((1000, 1), np.int64))
