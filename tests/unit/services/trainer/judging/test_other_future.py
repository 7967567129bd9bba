"""An answer that knows the future moves where nothing of it has happened; the features of a shop do not."""

import numpy as np
import pytest

from ordercast.services.shared.demand import features, rows
from ordercast.services.shared.demand.activity import Activity, Floats, activity_of
from ordercast.services.shared.demand.known import Known, known_at
from ordercast.services.shared.demand.rows import Rows
from ordercast.services.trainer.judging import other_future
from ordercast.services.trainer.judging.other_future import rows_without_future, with_other_future
from ordercast.services.trainer.training.demand_periods import periods_of
from ordercast.services.trainer.training.train_demand_question import question_rows
from tests.support.market_shop import market_rows
from tests.unit.services.shared.demand.histories import activity, frame

QUESTIONS = ("pair", "line", "product")


@pytest.fixture(scope="module")
def shop() -> Activity:
    return activity_of(market_rows().columns)


def held_out(shop: Activity, question: str) -> Rows:
    return question_rows(question, shop, periods_of(shop, None, 28), 28)[1]  # type: ignore[arg-type]


def answer(asked: Rows) -> Floats:
    """Every feature is in it."""
    return np.asarray(asked.values.sum(axis=1), np.float64)


@pytest.mark.parametrize("question", QUESTIONS)
def test_features_are_the_same_to_the_bit_where_nothing_from_the_moment_on_has_happened(
    question: str, shop: Activity
) -> None:
    held = held_out(shop, question)
    first, without = rows_without_future(shop, held)
    assert first.any()
    np.testing.assert_array_equal(held.where(first).values, without.values)
    expected = answer(held)
    np.testing.assert_array_equal(with_other_future(expected, answer, shop, held), expected)


def test_pairs_judged_at_a_moment_at_which_the_shop_rested_do_not_know_the_future() -> None:
    days = [day for day in range(400) if not 364 <= day < 374]
    pairs = [(account, account % 7, day, 0, 2, 1, 0, 0, 0) for day in days for account in (day % 60, day % 61 + 60)]
    reopened = activity(frame(pairs))
    learned, held = question_rows("pair", reopened, periods_of(reopened, None, 28), 28)
    assert len(learned)
    assert len(held) == 121
    first, without = rows_without_future(reopened, held, rests=False)
    np.testing.assert_array_equal(held.where(first).values, without.values)


@pytest.mark.parametrize("question", QUESTIONS)
def test_features_that_know_the_next_week_are_found(
    question: str, shop: Activity, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leaking(activity: Activity, moment: int, *, own_caps: bool = True) -> Known:
        return known_at(activity, moment + 7, own_caps=own_caps)

    for module in (rows, features, other_future):
        monkeypatch.setattr(module, "known_at", leaking)
    monkeypatch.setattr(rows, "_refuse_late", lambda *_: None)
    held = held_out(shop, question)
    expected = answer(held)
    moved = with_other_future(expected, answer, shop, held) != expected
    assert moved.any()
    assert not moved[held.moment != held.moment.min()].any()
