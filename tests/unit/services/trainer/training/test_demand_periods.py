"""What is learned from lies before what is held out, and a history that is too short is said to be."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercast.contracts.demand_manifest import HORIZONS
from ordercast.services.shared.demand.activity import Activity
from ordercast.services.trainer.errors import UnusableTrainingSet
from ordercast.services.trainer.training.demand_periods import (
    LEARNED_DAYS,
    LINE_DAYS,
    MOST_LINE_DAYS,
    ended_before,
    periods_of,
)
from tests.unit.services.shared.demand.histories import START, activity, epoch, frame


def shop(days: int) -> Activity:
    """Something is ordered on the first and on the last of so many days."""
    return activity(frame([(1, 1, 0, 0, 1, 1, 0, 0, 0), (1, 1, days - 1, 0, 1, 1, 0, 0, 0)]))


@given(st.integers(168, 900), st.sampled_from(HORIZONS))
def test_nothing_is_learned_from_what_is_held_out(days: int, horizon: int) -> None:
    periods = periods_of(shop(days), None, horizon)
    assert periods.until == epoch(START) + days
    assert periods.pairs_learned
    assert all(moment + horizon <= periods.pairs_judged for moment in periods.pairs_learned)
    assert periods.pairs_judged + horizon == periods.until
    assert periods.lines_learned.stop == periods.lines_judged.start == periods.until - MOST_LINE_DAYS
    assert periods.products_learned
    assert periods.products_learned[-1] + 7 == periods.products_judged[0]
    assert periods.products_judged[-1] + 7 == periods.until
    assert min(periods.pairs_learned[-1], periods.products_learned[0]) > periods.first_day


@pytest.mark.parametrize(("pairs", "moments"), [(1, 9), (20, 5), (50, 3)])
def test_a_shop_of_few_pairs_learns_from_more_moments(
    pairs: int, moments: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ordercast.services.trainer.training.demand_periods.ENOUGH_PAIR_ROWS", 100)
    rows = [(1, product, day, 0, 1, 1, 0, 0, 0) for product in range(1, pairs + 1) for day in (0, 399)]
    known_later = [(2, product, 450, 0, 1, 1, 0, 0, 0) for product in range(1, 100)]
    periods = periods_of(activity(frame([*rows, *known_later])), epoch(START) + 400, 28)
    assert len(periods.pairs_learned) == moments
    assert len(set(np.diff(periods.pairs_learned))) == 1


def test_what_is_known_later_is_not_looked_at() -> None:
    later = (1, 1, 400, 0, 1, 1, 0, 0, 0)
    earlier = [(1, 1, day, 0, 1, 1, 0, 0, 0) for day in (0, 299)]
    until = epoch(START) + 300
    periods = periods_of(activity(frame([*earlier, later])), until, 28)
    assert periods == periods_of(activity(frame(earlier)), None, 28)
    assert periods.until == until


def test_days_of_which_nothing_is_known_yet_are_not_held_out() -> None:
    assert periods_of(shop(400), epoch(date(9999, 12, 31)), 28) == periods_of(shop(400), None, 28)


def test_one_event_of_long_ago_makes_no_training_longer() -> None:
    rows = [(1, 1, day, 0, 1, 1, 0, 0, 0) for day in (-20_000, 0, 3_999)]
    periods = periods_of(activity(frame(rows)), None, 28)
    assert len(periods.lines_learned) == LEARNED_DAYS
    assert len(periods.products_learned) == LEARNED_DAYS // 7


@pytest.mark.parametrize(("days", "horizon", "needed"), [(100, 28, 119), (150, 56, 168), (118, 7, 119)])
def test_too_short_a_history_is_refused_with_what_is_needed(days: int, horizon: int, needed: int) -> None:
    with pytest.raises(
        UnusableTrainingSet,
        match=f"{days} days from 2024-01-01 until .* needed are {needed} for a horizon of {horizon}",
    ):
        periods_of(shop(days), None, horizon)


def test_a_shop_without_anything_before_the_day_is_refused() -> None:
    with pytest.raises(UnusableTrainingSet, match="nothing was ordered or viewed"):
        periods_of(shop(400), epoch(date(2000, 1, 1)), 28)


def busy(days: range) -> list[tuple[int, ...]]:
    """Two lines on each day."""
    return [(account, 1, day, 0, 1, 1, 0, 0, 0) for day in days for account in (1, 2)]


@pytest.mark.parametrize("stray", [700, 1_200, 5_000])
def test_of_a_history_that_ended_before_its_last_order_it_is_told_when(stray: int) -> None:
    """It was said to have 0 rows to learn from, and nothing of when it ended."""
    rows = [*busy(range(600)), (3, 3, stray, 0, 1, 1, 0, 0, 0)]
    shop = activity(frame(rows))
    ended = ended_before(shop, epoch(START) + stray + 1, 28)
    assert ended is not None
    # Enough for the 84 days before it, of which those after the end are empty.
    assert epoch(START) + 600 <= ended <= epoch(START) + 600 + MOST_LINE_DAYS


def test_a_history_that_goes_on_or_is_too_short_or_too_thin_has_not_ended_before() -> None:
    going_on, short = (
        activity(frame(busy(range(600)))),
        activity(frame([*busy(range(60)), (3, 3, 700, 0, 1, 1, 0, 0, 0)])),
    )
    assert ended_before(going_on, epoch(START) + 600, 28) is None
    assert ended_before(short, epoch(START) + 701, 28) is None
    assert ended_before(shop(400), epoch(START) + 400, 28) is None
    taken_back = [(account, 1, day, 0, 1, 1, 1, 0, 0) for _, _, day, *_ in busy(range(600)) for account in (1, 2)]
    assert ended_before(activity(frame(taken_back)), epoch(START) + 900, 28) is None


@pytest.mark.parametrize(("closed", "ended"), [(1, None), (20, None), (27, None), (28, 600), (40, 600)])
def test_a_history_whose_last_days_have_views_alone_has_ended_only_if_nothing_was_ordered_within_the_horizon(
    closed: int, ended: int | None
) -> None:
    """Of one view on the last day it was advised to train until the day before."""
    shop = activity(frame([*busy(range(600)), (1, 1, 599 + closed, 0, 0, 0, 0, 3, 0)]))
    found = ended_before(shop, epoch(START) + 600 + closed, 28)
    assert found == (None if ended is None else epoch(START) + ended)


@pytest.mark.parametrize(("days", "products", "weeks"), [(364, 1, 20), (364, 2, 20), (364, 3, 8), (200, 1, 8)])
def test_more_weeks_are_held_out_of_one_product_or_two_with_a_year_of_history(
    days: int, products: int, weeks: int
) -> None:
    rows = [(1, product, day, 0, 1, 1, 0, 0, 0) for product in range(1, products + 1) for day in (0, days - 1)]
    periods = periods_of(activity(frame(rows)), None, 28)
    assert len(periods.products_judged) == weeks
    assert len(periods.products_learned) >= weeks


def test_where_there_are_many_lines_those_of_the_last_weeks_are_held_out() -> None:
    lines = [(account, 1, 390, 0, 1, 1, 0, 0, 0) for account in range(1, 500)]
    periods = periods_of(activity(frame([(1, 1, 0, 0, 1, 1, 0, 0, 0), *lines])), None, 28)
    assert len(periods.lines_judged) == LINE_DAYS
