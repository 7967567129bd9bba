"""What a trained `demand` is worth on held-out rows, and whether it is to be published."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np

from ordercast.contracts.because import Because
from ordercast.contracts.demand_manifest import Opponent as OpponentRecord
from ordercast.contracts.demand_manifest import OrderScores as OrderRecord
from ordercast.contracts.demand_manifest import Question
from ordercast.services.shared.demand.activity import Bools, Floats, Ints
from ordercast.services.shared.demand.rows import Rows
from ordercast.services.trainer.judging.bootstrap import Difference
from ordercast.services.trainer.judging.gate import ACCOUNTS, Verdict, compared, judge
from ordercast.services.trainer.judging.opponents import Opponent
from ordercast.services.trainer.judging.scores import order_scores, piece_scores

# What the model's own line of a scoreboard is called, and the version that serves.
NETWORKS: Final = "networks"
SERVING: Final = "the serving version"
# Deviances under this are no errors that anybody would see: where every line has one piece, an answer of 1.004 has 0.00002.
LEAST_DEVIANCE: Final = 1e-3


@dataclass(frozen=True, slots=True)
class JudgedQuestion:
    """`verdict` is against the answers that need no learning, `against_serving` against the version that serves, if any does."""

    scores: tuple[OpponentRecord, ...]
    order_scores: OrderRecord | None
    better_than: dict[str, float]
    verdict: Verdict
    against_serving: Verdict | None

    @property
    def against(self) -> Mapping[str, Difference]:
        """The difference of deviance to each opponent, the serving version among them."""
        return {**self.verdict.against, **(self.against_serving.against if self.against_serving else {})}

    @property
    def clearly_worse(self) -> list[str]:
        """Opponents that did better beyond the noise of which accounts or products there are."""
        return [name for name, difference in self.against.items() if difference.low > LEAST_DEVIANCE]


def judge_question(
    held: Rows,
    clip: float | Floats,
    expected: Floats,
    probability: Floats | None,
    naive: Mapping[str, Floats],
    serving: Floats | None,
    with_other_future: Floats | None = None,
    unseen: Bools | None = None,
) -> JudgedQuestion:
    """Judges answered pieces, and the probability of an order where there is one, on the same rows as answers without learning.

    `with_other_future` are the pieces answered where what happened from the rows' moments on is another thing. `unseen` are the
    rows that the serving version cannot have learned from: it is judged on these alone.
    """
    group, drawn = _groups(held)
    scores = {name: piece_scores(answer, held.target, clip) for name, answer in {NETWORKS: expected, **naive}.items()}
    own = dict.fromkeys(scores, scores[NETWORKS].deviance)
    clips = np.broadcast_to(np.asarray(clip, np.float64), len(held))
    against_serving = None
    if serving is not None:
        rows = np.ones(len(held), np.bool_) if unseen is None else unseen
        target = held.target[rows]
        scores[SERVING] = piece_scores(serving[rows], target, clips[rows])
        own[SERVING] = piece_scores(expected[rows], target, clips[rows]).deviance
        against_serving = judge(expected[rows], {SERVING: serving[rows]}, target, group[rows], clips[rows], drawn=drawn)
    ordered = order_scores(probability, held.target > 0) if probability is not None else None
    return JudgedQuestion(
        scores=tuple(
            OpponentRecord(name, score.deviance, score.deviance_unclipped, score.mae, score.wape, score.bias + 1)
            for name, score in scores.items()
        ),
        order_scores=OrderRecord(ordered.auc, ordered.average_precision, ordered.brier)
        if ordered is not None and np.isfinite(ordered.auc)
        else None,
        # Of an answer without any error to speak of there is no share to be less.
        better_than={
            name: round(1 - own[name] / score.deviance, 4)
            for name, score in scores.items()
            if name != NETWORKS and score.deviance > LEAST_DEVIANCE
        },
        verdict=judge(expected, naive, held.target, group, clip, with_other_future, drawn),
        against_serving=against_serving,
    )


def _groups(held: Rows) -> tuple[Ints, str]:
    """What is drawn anew: accounts, or products; or weeks, each with all rows that tell of it, where there are more of these."""
    if held.account_id.any():
        return held.account_id, ACCOUNTS
    weeks = held.moment + 7 * held.weeks_ahead
    if len(np.unique(held.product_id)) < len(np.unique(weeks)):
        return weeks, "weeks"
    return held.product_id, ACCOUNTS


def naive_answers(opponents: tuple[Opponent, ...], learned: Rows, held: Rows, clip: float) -> dict[str, Floats]:
    """What each opponent answers on the held-out rows."""
    return {opponent.name: opponent.fit(learned, clip)(held) for opponent in opponents}


def publishable(judged: Mapping[Question, JudgedQuestion]) -> tuple[bool, str, Because | None]:
    """Whether a version is good enough to serve, and why, in words and as data.

    Its pairs are to be better than every answer that needs no learning, and nothing of it clearly worse than one of these or
    than the version that serves. What is not even compared, because it answers one constant or no number or knows the future, is
    not published.
    """
    for question, one in judged.items():
        if one.verdict.refused:
            return False, f"{question}: {one.verdict.reason}", _of(question, one.verdict.because)
        if worse := one.clearly_worse:
            worst = max(worse, key=lambda name: one.against[name].high)
            verdict = one.against_serving if worst == SERVING and one.against_serving else one.verdict
            reason, told = compared("worse", verdict.deviance, verdict.rows, worst, one.against[worst], verdict.drawn)
            return False, f"{question}: worse than {worst}: {reason}", _of(question, told)
    pair = judged["pair"].verdict
    return pair.verdict == "better", f"pair: {pair.reason}", _of("pair", pair.because)


def _of(question: Question, told: Because | None) -> Because | None:
    return told and msgspec.structs.replace(told, values=told.values | {"question": question})
