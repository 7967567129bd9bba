"""A question is asked whole: rows, opponents and networks, on a small made-up shop."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from ordercast.quality.questions import QUESTIONS, Question, ask
from ordercast.quality.report import section
from ordercast.services.shared.demand.feature_list import PAIR_FEATURES
from ordercast.services.trainer.demand_networks.demand_questions import DemandQuestion
from ordercast.services.trainer.rows.rows import Rows


def made(seed: int) -> Rows:
    """Pieces follow the pair's usual order; about half of the rows order."""
    random = np.random.default_rng(seed)
    values = random.uniform(0, 3, (400, len(PAIR_FEATURES)))
    level = np.expm1(values[:, [feature.name for feature in PAIR_FEATURES].index("pair_level")])
    target = random.poisson(level) * (values[:, 0] > 1.5)
    place = np.arange(400)
    return Rows(PAIR_FEATURES, values, place % 3, place % 50 + 1, place % 40, place * 0, target)


def small(question: Question) -> Question:
    """Two small networks, and the opponents that need no learning."""
    assert question.networks
    recipe = replace(question.networks.recipe, members=2, hidden=(8,), epochs=3, batch_size=64, learning_rate=0.02)
    networks: DemandQuestion = replace(question.networks, recipe=recipe)
    rows: Callable[[bool, Callable[[int], None]], tuple[Rows, Rows]] = lambda cancelled, advance: (made(0), made(1))  # noqa: E731
    return replace(
        question,
        rows=rows,
        opponents=question.opponents[:1],
        probabilities=question.probabilities[:1],
        networks=networks,
    )


@pytest.mark.parametrize(
    "question", [question for question in QUESTIONS if question.networks], ids=lambda question: question.key
)
def test_networks_are_judged_beside_the_opponents_and_beat_the_mean(question: Question) -> None:
    answered = ask(small(question), cancelled=False)

    by_name = {judged.name: judged.scores for judged in answered.opponents}
    assert by_name["ten networks"].deviance < 0.8 * by_name["mean"].deviance
    assert ("ten networks" in dict(answered.probabilities)) == bool(question.probabilities)
    assert "Of 2 networks 0 answered a constant" in section(question.name, answered, cancelled=False)
