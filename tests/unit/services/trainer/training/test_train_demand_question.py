"""A serving version of a release before is judged by what it would have answered: by its own features."""

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from ordercast.contracts.demand_manifest import QUESTIONS, Question
from ordercast.services.shared.demand.activity import Activity, Floats
from ordercast.services.shared.demand.demand_model import QuestionModel
from ordercast.services.shared.demand.features import features_at
from ordercast.services.shared.demand.rows import Rows
from ordercast.services.trainer.training import train_demand_question as module
from ordercast.services.trainer.training.demand_periods import Periods, periods_of
from ordercast.services.trainer.training.train_demand_question import (
    ServingQuestion,
    held_rows,
    question_rows,
    train_demand_question,
)
from tests.support.demand_trainings import job
from tests.unit.services.shared.demand.histories import activity, frame


@pytest.fixture(scope="module")
def shop() -> Activity:
    """Single pieces, and a product of which thousands are ordered each time."""
    single = [(day % 9 + account, account, day, 0, 1, 1, 0, 0, 0) for day in range(300) for account in range(1, 13)]
    return activity(frame([*single, *((30, 20, day, 0, 5_000, 1, 0, 0, 0) for day in range(4, 300, 15))]))


@pytest.fixture(scope="module")
def periods(shop: Activity) -> Periods:
    return periods_of(shop, None, 28)


@pytest.mark.parametrize("question", QUESTIONS)
def test_rows_held_out_as_before_are_the_same_with_the_features_that_answered(
    question: Question, shop: Activity, periods: Periods
) -> None:
    held = question_rows(question, shop, periods, 28)[1]
    before = held_rows(question, shop, periods, 28, before=True)
    for name in ("moment", "account_id", "product_id", "weeks_ahead", "target"):
        np.testing.assert_array_equal(getattr(before, name), getattr(held, name))
    assert not np.array_equal(before.values, held.values)
    for moment in np.unique(held.moment).tolist():
        features, these = features_at(shop, moment, before=True), before.where(before.moment == moment)
        of_product = question == "product"
        wanted = (
            features.of_products(these.product_id)
            if of_product
            else features.of_pairs(these.account_id, these.product_id)
        )
        np.testing.assert_array_equal(these.values, wanted)


@pytest.mark.parametrize("before", [True, False])
def test_a_serving_version_is_asked_by_its_own_features(
    before: bool, shop: Activity, periods: Periods, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving, asked = ServingQuestion(cast("QuestionModel", None), periods.first_day, before), list[Rows]()
    answers_on = module.answers_on

    def recorded(model: Any, rows: Rows) -> tuple[Floats, Floats]:
        if model is not None:
            return answers_on(model, rows)
        asked.append(rows)
        return np.ones(len(rows)), np.ones(len(rows))

    monkeypatch.setattr(module, "answers_on", recorded)
    train_demand_question(
        "line", job(Path(), members=1, epochs=1, publish="never"), shop, periods, serving, lambda _: None
    )
    wanted = held_rows("line", shop, periods, 28, before=before)
    assert [rows.values.tobytes() for rows in asked] == [wanted.values.tobytes()]
