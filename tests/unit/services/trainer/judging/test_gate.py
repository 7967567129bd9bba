"""The gate decides planted cases rightly, and says why."""

import numpy as np
import pytest

from ordercast.services.shared.demand.activity import Floats
from ordercast.services.trainer.judging.gate import judge

RANDOM = np.random.default_rng(5)
ROWS = 6000
ACCOUNT = RANDOM.integers(0, 300, ROWS)
TRUTH = RANDOM.gamma(2, 4, ROWS)
TARGET = RANDOM.poisson(TRUTH)
CLIP = 60.0
MEAN = np.full(ROWS, 8.0)


def noisy(by: float, seed: int) -> Floats:
    return np.asarray(TRUTH * np.exp(np.random.default_rng(seed).normal(0, by, ROWS)), np.float64)


def test_a_better_one_is_better_and_the_reason_has_the_numbers_of_the_closest_opponent() -> None:
    verdict = judge(noisy(0.1, 1), {"mean": MEAN, "smoothing": noisy(0.4, 2)}, TARGET, ACCOUNT, CLIP)
    assert verdict.verdict == "better"
    assert verdict.against["mean"].mean < verdict.against["smoothing"].mean < 0
    assert "against smoothing" in verdict.reason
    assert f"{verdict.against['smoothing'].mean:+.4g}" in verdict.reason


def test_a_worse_one_is_not_better_if_one_of_its_opponents_beats_it() -> None:
    verdict = judge(noisy(0.4, 1), {"mean": MEAN, "smoothing": noisy(0.1, 2)}, TARGET, ACCOUNT, CLIP)
    assert verdict.verdict == "not better"
    assert "worse, +" in verdict.reason


@pytest.mark.parametrize("seed", range(5))
def test_an_equal_one_is_not_better(seed: int) -> None:
    verdict = judge(noisy(0.3, 10 + seed), {"smoothing": noisy(0.3, 20 + seed)}, TARGET, ACCOUNT, CLIP)
    assert verdict.verdict == "not better"
    same = judge(noisy(0.3, seed), {"smoothing": noisy(0.3, seed)}, TARGET, ACCOUNT, CLIP)
    assert "no clear difference, +0 (+0 to +0)" in same.reason


def test_a_leaking_one_is_not_better_however_good_it_looks() -> None:
    leaking = TARGET.astype(np.float64) + 0.01
    other_future = RANDOM.permutation(leaking)
    verdict = judge(leaking, {"mean": MEAN}, TARGET, ACCOUNT, CLIP, with_other_future=other_future)
    assert verdict.verdict == "not better"
    assert "it knows the future" in verdict.reason
    honest = noisy(0.1, 1)
    assert judge(honest, {"mean": MEAN}, TARGET, ACCOUNT, CLIP, with_other_future=honest.copy()).verdict == "better"


def test_one_huge_row_decides_nothing() -> None:
    """A worse candidate that happens to know the huge row, and a better one that does not."""
    target, row = TARGET.copy(), 17
    target[row] = 80_995
    lucky, good = noisy(0.6, 1), noisy(0.1, 2)
    lucky[row] = 80_995
    assert judge(lucky, {"smoothing": noisy(0.2, 3)}, target, ACCOUNT, CLIP).verdict == "not better"
    assert judge(good, {"lucky": lucky}, target, ACCOUNT, CLIP).verdict == "better"


def test_one_account_with_many_rows_decides_nothing() -> None:
    """It is drawn or not: with rows drawn one by one, the candidate would pass."""
    account = np.where(np.arange(ROWS) < ROWS // 2, 0, 1 + ACCOUNT)
    candidate = np.where(account == 0, TRUTH, noisy(0.05, 1) * 1.06)
    assert judge(candidate, {"other": noisy(0.05, 2) * 1.03}, TARGET, account, CLIP).verdict == "not better"


def test_too_few_rows_or_accounts_are_not_better() -> None:
    few = slice(0, 60)
    tiny = judge(TRUTH[few], {"mean": MEAN[few]}, TARGET[few], ACCOUNT[few], CLIP)
    assert (tiny.verdict, tiny.reason[:22]) == ("not better", "too little to judge by")
    assert "60 rows" in tiny.reason
    assert "of 3 accounts" in judge(TRUTH, {"mean": MEAN}, TARGET, ACCOUNT % 3, CLIP).reason


def test_of_groups_too_few_to_be_drawn_it_is_told_what_each_says_if_they_are_five() -> None:
    for groups, known in ((4, False), (5, True), (19, True)):
        worse = judge(TRUTH * 2, {"truth": TRUTH}, TARGET, ACCOUNT % groups, CLIP)
        assert (worse.verdict, worse.reason[:22]) == ("not better", "too little to judge by")
        assert (worse.against != {}) == known
        assert all(one.low > 0 for one in worse.against.values())
    mixed = judge(np.where(ACCOUNT % 9, TRUTH * 2, TRUTH), {"other": TRUTH * 1.1}, TARGET, ACCOUNT % 9, CLIP)
    assert mixed.against["other"].low < 0 < mixed.against["other"].high


def test_a_constant_is_not_better_even_where_it_would_win() -> None:
    constant = judge(np.full(ROWS, float(TARGET.mean())), {"awful": MEAN * 9}, TARGET, ACCOUNT, CLIP)
    assert (constant.verdict, constant.reason) == ("not better", f"it answers {TARGET.mean():.4g} whatever it is asked")


def test_a_constant_is_compared_where_it_is_right() -> None:
    verdict = judge(np.ones(ROWS), {"nearly": noisy(0.1, 1)}, np.ones(ROWS, np.int64), ACCOUNT, CLIP)
    assert (verdict.verdict, verdict.refused) == ("better", False)


@pytest.mark.parametrize("groups", [3, 12, 300])
def test_what_may_not_be_published_however_it_compares_is_refused_however_few_there_are(groups: int) -> None:
    answer = noisy(0.1, 1)
    answer[:2] = np.nan, np.inf
    no_numbers = judge(answer, {"mean": MEAN}, TARGET, ACCOUNT % groups, CLIP)
    assert "2 of 6,000 answers are no finite numbers" in no_numbers.reason
    constant = judge(MEAN * 9, {"mean": MEAN}, TARGET, ACCOUNT % groups, CLIP)
    assert [(one.verdict, one.refused) for one in (no_numbers, constant)] == [("not better", True)] * 2
    assert not judge(noisy(0.1, 1), {"mean": MEAN}, TARGET, ACCOUNT % groups, CLIP).refused


def test_without_an_opponent_nothing_is_judged() -> None:
    with pytest.raises(ValueError, match="at least one opponent"):
        judge(TRUTH, {}, TARGET, ACCOUNT, CLIP)


def test_the_verdict_is_the_same_each_time() -> None:
    assert judge(TRUTH, {"mean": MEAN}, TARGET, ACCOUNT, CLIP) == judge(TRUTH, {"mean": MEAN}, TARGET, ACCOUNT, CLIP)
