"""A question is asked whole: rows, opponents and networks, on a small made-up shop."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from ordercast.quality.questions import QUESTIONS, Question, ask, blend_name
from ordercast.quality.report import section
from ordercast.services.shared.demand.feature_list import PAIR_FEATURES, PRODUCT_FEATURES, names
from ordercast.services.shared.demand.rows import Rows
from ordercast.services.trainer.demand_networks.demand_questions import PRODUCT, DemandQuestion
from ordercast.services.trainer.training.blend_products import STEADY


def made(question: Question, seed: int) -> Rows:
    """Pieces follow the level that the networks correct; about half of the rows order."""
    assert question.networks
    features = PRODUCT_FEATURES if question.networks is PRODUCT else PAIR_FEATURES
    random = np.random.default_rng(seed)
    values = random.uniform(0, 3, (400, len(features)))
    level = np.expm1(values[:, names(features).index(question.networks.level)])
    target = random.poisson(level) * (values[:, -1] > 1.5)
    place = np.arange(400)
    return Rows(features, values, place % 3, place % 50 + 1, place % 40, place * 0, target)


def small(question: Question) -> Question:
    """Two small networks, and the opponents that need no learning."""
    assert question.networks
    recipe = replace(question.networks.recipe, members=2, hidden=(8,), epochs=3, batch_size=64, learning_rate=0.02)
    networks: DemandQuestion = replace(question.networks, recipe=recipe)

    def rows(_cancelled: bool, _advance: Callable[[int], None]) -> tuple[Rows, Rows]:
        return made(question, 0), made(question, 1)

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
    assert "Of 2 networks 0 answered a constant" in section(question.name, answered)


def test_a_blend_is_called_by_what_holds_it_back() -> None:
    assert blend_name(0.5, 0.3, PRODUCT.level) == "demand: ten networks, 50% boosted trees; 30% of it the level itself"
    assert blend_name(0.5, 0.5, "mean_all").endswith("; 50% of it the mean to date")
    assert len({blend_name(0.5, 0.3, name) for name in (PRODUCT.level, STEADY)}) == 2
    with pytest.raises(KeyError, match="most_8"):
        blend_name(0.5, 0.3, "most_8")
