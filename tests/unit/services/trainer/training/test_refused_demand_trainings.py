"""Trainings of `demand` of which no version comes, with the reason."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ordercast.services.shared.demand import features
from ordercast.services.shared.demand import rows as demand_rows
from ordercast.services.shared.demand.activity import Activity, Bools, Floats, Ints
from ordercast.services.shared.demand.known import Known, known_at
from ordercast.services.shared.demand.rows import Rows
from ordercast.services.trainer.errors import UnusableTrainingSet
from ordercast.services.trainer.judging import other_future
from ordercast.services.trainer.training import train_demand_question
from ordercast.services.trainer.training.demand_rows import DemandRows
from tests.support.demand_trainings import job, trained_on
from tests.support.market_shop import market_rows


def test_one_that_answers_no_numbers_is_published_for_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_numbers(_: object, rows: Rows) -> tuple[Floats, Floats]:
        return np.full(len(rows), np.nan), np.zeros(len(rows))

    monkeypatch.setattr(train_demand_question, "answers_on", no_numbers)
    with pytest.raises(UnusableTrainingSet, match=r"line: (\d+) of \1 answers are no finite numbers"):
        trained_on(job(tmp_path, epochs=1, publish="always"), market_rows())
    assert not list(tmp_path.iterdir())


def test_one_whose_features_know_the_future_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def late(activity: Activity, moment: int, *, own_caps: bool = True) -> Known:
        return known_at(activity, moment + 7, own_caps=own_caps)

    for module in (demand_rows, features, other_future):
        monkeypatch.setattr(module, "known_at", late)
    leaking = trained_on(job(tmp_path, epochs=1, publish="if-better"), market_rows())
    assert (leaking.verdict, leaking.version) == ("rejected", None)
    assert "it knows the future: " in leaking.reason


def cancelled(columns: dict[str, Ints]) -> dict[str, Ints]:
    """Everything is taken back on its day."""
    return columns | {"cancelled_quantity": columns["quantity"].copy()}


def chosen(columns: dict[str, Ints], rows: Bools) -> dict[str, Ints]:
    return {name: column[rows] for name, column in columns.items()}


def one_order_later(columns: dict[str, Ints]) -> dict[str, Ints]:
    """Of the first row's pair, ten years after the last."""
    later = {name: column[:1].copy() for name, column in columns.items()}
    later |= {name: np.array([columns["day"].max() + 3_650]) for name in ("day", "known_on")} | {
        "quantity": np.ones(1, np.int64)
    }
    return {name: np.append(column, later[name]) for name, column in columns.items()}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda columns: chosen(columns, columns["day"] < 0), "nothing was ordered or viewed"),
        (
            lambda columns: {
                name: column[columns["day"] > columns["day"].max() - 60] for name, column in columns.items()
            },
            "too short",
        ),
        (cancelled, "line: the history has 0 rows"),
        (
            one_order_later,
            r"line: of the [\d,]+ rows .*, 0 can be learned from and 1 be judged by, .*--until 2026-01-01",
        ),
        (lambda columns: chosen(columns, columns["product_id"] == 1), r"line: .* to be judged by, needed are 1 and 99"),
        (lambda columns: chosen(columns, columns["account_id"] == 1), r"line: .* to be judged by, needed are 1 and 99"),
    ],
    ids=["empty", "short", "all cancelled", "one order later", "one product", "one account"],
)
def test_what_cannot_be_learned_from_is_refused_with_the_reason(
    tmp_path: Path, change: Callable[[dict[str, Ints]], dict[str, Ints]], reason: str
) -> None:
    rows = market_rows()
    with pytest.raises(UnusableTrainingSet, match=reason):
        trained_on(job(tmp_path), DemandRows(change(rows.columns), rows.positions))
    assert not list(tmp_path.iterdir())
