"""A version is published where its pairs are better than what needs no learning, and nothing of it is clearly worse."""

import numpy as np
import pytest

from ordercast.contracts.demand_manifest import Question
from ordercast.services.shared.demand.activity import Floats
from ordercast.services.shared.demand.feature_list import PAIR_FEATURES, PRODUCT_FEATURES
from ordercast.services.shared.demand.rows import Rows
from ordercast.services.trainer.training.judge_demand import SERVING, JudgedQuestion, judge_question, publishable

RANDOM = np.random.default_rng(1)
TRUTH = RANDOM.gamma(2, 3, 2_000)
NOBODY = np.zeros(2_000, np.int64)
HELD = Rows(
    PAIR_FEATURES,
    np.zeros((2_000, len(PAIR_FEATURES))),
    NOBODY,
    np.arange(2_000) % 200 + 1,
    np.arange(2_000) % 40 + 1,
    NOBODY,
    RANDOM.poisson(TRUTH).astype(np.int64),
)
MEAN = np.full(2_000, float(HELD.target.mean()))


def judged(expected: np.ndarray[tuple[int], np.dtype[np.float64]], serving: object = None) -> JudgedQuestion:
    answers = serving if isinstance(serving, np.ndarray) else None
    return judge_question(HELD, 30.0, expected, None, {"mean": MEAN}, answers)


def test_a_better_version_is_published_with_by_how_much_it_is_better() -> None:
    one = judged(TRUTH)
    assert publishable({"pair": one, "line": one, "product": one})[0]
    assert one.better_than["mean"] > 0.5
    assert [scores.name for scores in one.scores] == ["networks", "mean"]


def test_one_that_is_no_better_in_its_pairs_is_rejected() -> None:
    good, reason, told = publishable({"pair": judged(MEAN * 1.0001), "line": judged(TRUTH), "product": judged(TRUTH)})
    assert not good
    assert reason.startswith("pair: ")
    assert told is not None
    assert (told.code, told.values["question"]) == ("one-answer", "pair")


@pytest.mark.parametrize("question", ["line", "product"])
@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (MEAN * 9, "one-answer"),
        (MEAN * 0, "one-answer"),
        (np.where(np.arange(2_000) == NOBODY, np.nan, TRUTH), "answers-not-finite"),
    ],
    ids=["9 times the mean", "0", "not a number"],
)
def test_lines_or_products_of_one_constant_or_no_number_are_rejected_though_the_pairs_are_good(
    question: Question, answer: Floats, code: str
) -> None:
    answers: dict[Question, Floats] = {"pair": TRUTH, "line": TRUTH, "product": TRUTH, question: answer}
    published, reason, told = publishable({asked: judged(said) for asked, said in answers.items()})
    assert not published
    assert reason.startswith(f"{question}: ")
    assert told is not None
    assert (told.code, told.values["question"]) == (code, question)


def test_one_that_is_clearly_worse_in_any_question_is_rejected() -> None:
    good, reason, told = publishable({"pair": judged(TRUTH), "line": judged(TRUTH * 4 + 20), "product": judged(TRUTH)})
    assert not good
    assert reason.startswith("line: worse than mean: ")
    assert told is not None
    assert (told.code, told.values["question"], told.values["against"]) == ("worse", "line", "mean")


def test_one_that_is_clearly_worse_than_what_serves_is_rejected() -> None:
    good, reason, told = publishable(
        {"pair": judged(TRUTH * 1.6, TRUTH), "line": judged(TRUTH), "product": judged(TRUTH)}
    )
    assert not good
    assert reason.startswith(f"pair: worse than {SERVING}: ")
    assert told is not None
    assert (told.code, told.values["question"], told.values["against"]) == ("worse", "pair", SERVING)
    assert told.values["rows"] == 2_000


def test_numbers_of_the_rejection_are_of_the_rows_that_the_serving_version_was_judged_on() -> None:
    one = judge_question(HELD, 30.0, TRUTH * 1.6, None, {"mean": MEAN}, TRUTH, unseen=np.arange(2_000) % 2 == 0)
    _, reason, told = publishable({"line": one, "pair": judged(TRUTH), "product": judged(TRUTH)})
    assert "on 1,000 rows" in reason
    assert told is not None
    assert told.values["rows"] == 1_000


def test_the_sentence_and_the_data_of_a_rejected_one_name_the_same_opponent_with_the_same_numbers() -> None:
    """All three are clearly better; the sentence was of the first, and the numbers of another."""
    one = judge_question(HELD, 30.0, TRUTH * 3 + 9, None, {"mean": MEAN, "twice": TRUTH * 2}, TRUTH)
    assert set(one.clearly_worse) == {"mean", "twice", SERVING}
    _, reason, told = publishable({"line": one, "pair": judged(TRUTH), "product": judged(TRUTH)})
    assert told is not None
    values = {name: told.values[name] for name in ("deviance", "difference", "low", "high")}
    said = {name: f"{value:{'' if name == 'deviance' else '+'}.4g}" for name, value in values.items()}
    assert told.values["against"] == SERVING, "which is better by most"
    assert reason == (
        f"line: worse than {SERVING}: deviance {said['deviance']} on 2,000 rows of 200 accounts or products: worse, "
        f"{said['difference']} ({said['low']} to {said['high']}) against {SERVING}"
    )


def test_one_that_is_as_good_as_what_serves_takes_over_because_it_knows_more() -> None:
    same = judged(TRUTH, TRUTH)
    assert publishable({"pair": same, "line": same, "product": same})[0]


def test_the_serving_version_is_judged_on_the_rows_alone_that_it_has_not_learned_from() -> None:
    """Of the others it knows what was ordered."""
    unseen = np.arange(2_000) % 4 == 0
    knowing = np.where(unseen, TRUTH * 1.6, HELD.target + 1e-3)
    seen = judge_question(HELD, 30.0, TRUTH, None, {"mean": MEAN}, knowing)
    one = judge_question(HELD, 30.0, TRUTH, None, {"mean": MEAN}, knowing, unseen=unseen)
    assert (seen.clearly_worse, one.clearly_worse) == ([SERVING], [])
    assert one.against_serving is not None
    assert (one.against_serving.verdict, one.against_serving.rows) == ("better", 500)
    assert one.better_than[SERVING] > 0.1
    assert one.better_than["mean"] == seen.better_than["mean"]


def test_one_huge_row_does_not_decide() -> None:
    huge = HELD.target.copy()
    huge[0] = 1_000_000
    held = Rows(PAIR_FEATURES, HELD.values, NOBODY, HELD.account_id, HELD.product_id, NOBODY, huge)
    one = judge_question(held, 30.0, TRUTH, None, {"mean": MEAN}, None)
    assert publishable({"pair": one, "line": one, "product": one})[0]
    assert one.scores[0].unclipped > 100 * one.scores[0].deviance


def test_nothing_is_better_than_an_answer_without_any_error() -> None:
    """A shop in which every line has one piece: the mean knows it."""
    ones = np.ones(2_000)
    held = Rows(PAIR_FEATURES, HELD.values, NOBODY, HELD.account_id, HELD.product_id, NOBODY, ones.astype(np.int64))
    one = judge_question(held, 30.0, ones + 0.1 * RANDOM.random(2_000), None, {"mean": ones, "worse": ones * 3}, None)
    assert set(one.better_than) == {"worse"}
    assert one.clearly_worse == ["mean"]


def test_an_error_that_nobody_would_see_rejects_nothing() -> None:
    """Every row has one piece: an opponent says just that, the networks nearly."""
    ones = Rows(PAIR_FEATURES, HELD.values, NOBODY, HELD.account_id, HELD.product_id, NOBODY, np.ones(2_000, np.int64))
    nearly = judge_question(ones, 30.0, np.full(2_000, 1.004), None, {"the same": np.full(2_000, 1.0 + 1e-9)}, None)
    good, reason, _ = publishable({"pair": judged(TRUTH), "line": nearly, "product": judged(TRUTH)})
    assert good, reason
    assert nearly.better_than == {}


@pytest.mark.parametrize(("times", "published"), [(4.0, False), (1.0, True)])
def test_of_products_too_few_to_be_drawn_what_is_worse_for_every_one_is_rejected(times: float, published: bool) -> None:
    """Twelve products in eight weeks: neither are 20."""
    product, nobody, truth = np.arange(432) % 12 + 1, np.zeros(432, np.int64), np.full(432, 20.0)
    values, week = np.zeros((432, len(PRODUCT_FEATURES))), np.arange(432) % 8 + 1
    held = Rows(PRODUCT_FEATURES, values, nobody, nobody, product, week, RANDOM.poisson(truth))
    said = times * truth + 0.2 * RANDOM.random(432)
    one = judge_question(held, 90.0, said, None, {"smoothing": truth, "mean": MEAN[:432]}, None)
    assert one.verdict.reason.startswith("too little to judge by: 432 rows of 12 ")
    good, reason, told = publishable({"pair": judged(TRUTH), "line": judged(TRUTH), "product": one})
    assert good == published, reason
    if not published:
        assert told is not None
        assert reason.startswith("product: worse than smoothing: deviance ")
        assert (told.code, told.values["against"], told.values["groups"]) == ("worse", "smoothing", 12)


def test_one_product_is_judged_by_how_many_weeks_there_are() -> None:
    """Of accounts or products there would be one to draw."""
    weeks = np.arange(200) // 10
    nobody, truth = np.zeros(200, np.int64), TRUTH[:200]
    values = np.zeros((200, len(PRODUCT_FEATURES)))
    held = Rows(PRODUCT_FEATURES, values, 7 * weeks, nobody, nobody + 1, nobody + 1, RANDOM.poisson(truth))
    one = judge_question(held, 30.0, truth * 4 + 20, None, {"truth": truth}, None)
    assert "200 rows of 20 weeks: worse" in one.verdict.reason
    assert one.clearly_worse == ["truth"]
