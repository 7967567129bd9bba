"""Intervals of each question are judged whole, networks included, on small made-up rows."""

from dataclasses import replace

import numpy as np
import pytest

from ordercast.contracts.demand_manifest import MOST_WEEKS, Question
from ordercast.quality.interval_questions import (
    LINES,
    PAIRS,
    TOGETHER,
    WEEKS,
    IntervalQuestion,
    judge,
    model_of,
)
from ordercast.services.shared.demand.demand_model import FEATURES
from ordercast.services.shared.demand.feature_list import names
from ordercast.services.shared.demand.rows import Rows
from ordercast.services.trainer.demand_networks.demand_questions import LINE, PAIR, PRODUCT, DemandQuestion


def made(question: Question, level: str, seed: int, moments: int, products: int) -> Rows:
    """Pieces follow a level; a pair orders in half of the rows, a product's row is followed by one for each further week."""
    random = np.random.default_rng(seed)
    features, ahead = FEATURES[question], MOST_WEEKS if question == "product" else 1
    rows = moments * products
    values = random.uniform(0, 3, (rows, len(features)))
    for name in ("lines", "product_lines"):
        if name in names(features):
            values[:, names(features).index(name)] = random.uniform(0, 7, rows)
    values = np.repeat(values, ahead, axis=0)
    mean = np.expm1(values[:, names(features).index(level)])
    target = random.poisson(mean) * (random.random(rows * ahead) < (0.5 if question == "pair" else 1.0))
    place = np.arange(rows * ahead) // ahead
    weeks = np.arange(rows * ahead) % ahead + 1 if question == "product" else place * 0
    return Rows(features, values, 7 * (place // products), place % 97 + 1, place % products, weeks, target)


@pytest.mark.parametrize(
    ("question", "asked", "judged"),
    [
        ("line", LINE, [LINES]),
        ("pair", PAIR, [PAIRS]),
        ("product", PRODUCT, [WEEKS, TOGETHER]),
    ],
    ids=["line", "pair", "product"],
)
def test_intervals_hold_for_rows_like_the_held_out_ones(
    question: Question, asked: DemandQuestion, judged: list[IntervalQuestion]
) -> None:
    recipe = replace(asked.recipe, members=2, hidden=(8,), epochs=3, batch_size=256, learning_rate=0.02)
    learned = made(question, asked.level, 0, moments=2, products=500)
    rows = made(question, asked.level, 1, moments=20, products=500)
    model = model_of(question, replace(asked, recipe=recipe), learned, rows)

    for one in judged:
        found = judge(replace(one, judged_from=70), model, learned, rows)
        everyone = found.groups[0]
        assert found.learned == len(learned)
        assert found.held_out > 1_000
        # Small whole pieces: the next lower end would hold less than the level.
        assert one.form.level - 0.02 <= everyone.rolling.share <= one.form.level + 0.04
        by_product = [group.rows for group in found.groups if group.name.startswith("product with")]
        assert sum(by_product) in (everyone.rows, 0)
