"""What is said of an ensemble: better, worse, no better; dead networks; and the rows that decide too much."""

import numpy as np
import numpy.typing as npt
import pytest

from ordercast.contracts.ensemble_forward import Ensemble, stack_weights
from ordercast.contracts.model_manifest import Layer, Scaler, TopicPosition
from ordercast.services.trainer.recipes import BASELINE
from ordercast.services.trainer.training.judge_ensemble import collapsed_members, judge_ensemble
from ordercast.services.trainer.training.split_rows import split_rows
from ordercast.services.trainer.training.training_set import TrainingSet, TrainingSetBuilder

ROWS = 2_000
BY_THOUSAND = Scaler(0.0, 1_000.0, ROWS)
LINE = (Layer(1, "linear"),)
ROOT = np.random.default_rng(3)
VIEWS = ROOT.integers(1_000, 10_001, ROWS).astype(np.float64)
QUANTITIES = ROOT.poisson(VIEWS / 1_000).astype(np.float64) + 1


def rows_of(views: npt.NDArray[np.float64] = VIEWS, quantities: npt.NDArray[np.float64] = QUANTITIES) -> TrainingSet:
    builder = TrainingSetBuilder()
    numbered = enumerate(zip(views.tolist(), quantities.tolist(), strict=True))
    builder.add([(1 + number // 10, number, view, quantity) for number, (view, quantity) in numbered])
    return builder.finish((TopicPosition("orders", 0, len(views)),))


def lines(*members: tuple[float, float], scaler: Scaler = BY_THOUSAND) -> Ensemble:
    """Networks that are straight lines: a slope by 1,000 views, and the answer at 0."""
    slopes, answers = np.array(members, np.float32).T
    arrays = {"dense_0/kernel": slopes[:, None, None], "dense_0/bias": answers[:, None]}
    return Ensemble(stack_weights(LINE, len(members), arrays), scaler)


TRUE, LEVEL, SHIFTED = (1.0, 1.0), (0.0, float(QUANTITIES.mean())), (0.0, float(QUANTITIES.mean()) * 2)


def judged(ensemble: Ensemble, rows: TrainingSet) -> tuple[str, int]:
    judgement = judge_ensemble(ensemble, rows, split_rows(rows.data.rows, BASELINE))
    return judgement.quality, judgement.collapsed_members


def test_better_no_better_and_worse_are_told_apart() -> None:
    assert judged(lines(TRUE, TRUE), rows_of()) == ("better than the mean", 0)
    assert judged(lines(LEVEL, LEVEL), rows_of()) == ("no better than the mean", 2)
    assert judged(lines(SHIFTED, TRUE), rows_of()) == ("worse than the mean", 1)


def test_the_reason_has_the_numbers_and_dead_networks_are_a_warning() -> None:
    rows = rows_of()
    judgement = judge_ensemble(lines(TRUE, LEVEL), rows, split_rows(ROWS, BASELINE))
    assert judgement.reason.startswith("better than the mean on 400 held-out rows of ")
    assert f"{judgement.difference:+.4g} ({judgement.low:+.4g} to {judgement.high:+.4g})" in judgement.reason
    assert judgement.difference == pytest.approx(judgement.deviance - judgement.mean_deviance)
    assert judgement.warnings == ("1 of 2 networks answer one constant, whatever the view count",)


@pytest.mark.parametrize("held_out", [True, False])
def test_one_huge_order_changes_no_judgement_and_is_said(held_out: bool) -> None:
    """Beside the mean that it blows up, a squared error praises any answer; where it is held out, it praises none."""
    split = split_rows(ROWS, BASELINE)
    quantities = QUANTITIES.copy()
    quantities[(split.test if held_out else split.train)[0]] = 74_215
    rows = rows_of(quantities=quantities)
    assert judged(lines(TRUE), rows)[0] == "better than the mean"
    assert judged(lines(LEVEL), rows)[0] == "no better than the mean"
    assert judged(lines(SHIFTED), rows)[0] == "worse than the mean"
    [warning] = judge_ensemble(lines(TRUE), rows, split).warnings
    assert "one row with a quantity of 74,215 makes up 99." in warning


def test_one_view_count_of_a_billion_is_said_and_hides_no_dead_network() -> None:
    """The scaler, made with it, leaves the other rows no room: whatever the networks do at the billion, they answer one number."""
    views = VIEWS.copy()
    views[17] = 1e9
    rows = rows_of(views)
    squashed = lines((1.0, 5.0), scaler=Scaler(float(views.mean()), float(views.std()), ROWS))
    assert np.ptp(squashed.answer(views)) > 40
    judgement = judge_ensemble(squashed, rows, split_rows(ROWS, BASELINE))
    assert judgement.collapsed_members == 1
    assert any("one row with a view count of 1,000,000,000 makes up 99." in warning for warning in judgement.warnings)


def test_a_weak_signal_is_no_constant_and_a_hair_is_one() -> None:
    assert collapsed_members(lines((0.01, 5.0), (0.0001, 5.0), (0.0001, 0.0)), VIEWS) == (1, 2)


def test_of_few_accounts_rows_are_drawn() -> None:
    builder = TrainingSetBuilder()
    builder.add([(1 + number // 500, number, *row) for number, row in enumerate(zip(VIEWS, QUANTITIES, strict=True))])
    rows = builder.finish((TopicPosition("orders", 0, ROWS),))
    assert judged(lines(TRUE), rows)[0] == "better than the mean"
    assert judged(lines(SHIFTED), rows)[0] == "worse than the mean"


def test_too_few_rows_prove_nothing() -> None:
    few = rows_of(VIEWS[:200], QUANTITIES[:200])
    judgement = judge_ensemble(lines(TRUE), few, split_rows(200, BASELINE))
    assert judgement.quality == "no better than the mean"
    assert "on 40 held-out rows of 18 accounts, too few to tell (needed are 100)" in judgement.reason


def test_ordinary_rows_give_no_warning() -> None:
    assert judge_ensemble(lines(TRUE), rows_of(), split_rows(ROWS, BASELINE)).warnings == ()
