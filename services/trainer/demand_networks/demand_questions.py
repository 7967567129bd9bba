"""The three questions of demand as networks learn them: from which level, with which heads, and how long."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ordercast.contracts.demand_forward import DemandAnswer
from ordercast.contracts.demand_manifest import Question
from ordercast.contracts.demand_settings import DemandSettings, QuestionSettings
from ordercast.contracts.ensemble_forward import Floats
from ordercast.services.shared.demand.activity import Floats as Doubles
from ordercast.services.shared.demand.rows import Rows
from ordercast.services.trainer.demand_networks.demand_fit import (
    DemandFit,
    DemandRecipe,
    OnEpoch,
    OnLook,
    TrainedDemand,
)
from ordercast.services.trainer.demand_recipes import DEMAND_SETTINGS, HEADS, LEVELS

# Steps that an epoch has, if batches can be that small: in a few dozen steps in all networks hardly leave their level.
LEAST_STEPS: Final = 64
# Gradients of smaller batches are noise.
SMALLEST_BATCH: Final = 256
# Rows that are answered at once: ten members of 64 units are 20 MB.
SLICE: Final = 8_192


@dataclass(frozen=True, slots=True)
class DemandQuestion:
    """`level`: the feature, a log(1 + pieces), that the networks correct."""

    level: str
    recipe: DemandRecipe


def question_of(settings: DemandSettings, question: Question) -> DemandQuestion:
    """One question as a recipe has it."""
    own: QuestionSettings = getattr(settings, question)
    heads = HEADS[question]
    recipe = DemandRecipe(
        heads,
        tuple(own.losses[head] for head in heads),
        own.layers,
        settings.members,
        settings.epochs,
        settings.batch_size,
        settings.learning_rate,
        settings.weight_decay,
    )
    return DemandQuestion(next(level for level in LEVELS[question] if level in own.features), recipe)


PAIR: Final = question_of(DEMAND_SETTINGS, "pair")
LINE: Final = question_of(DEMAND_SETTINGS, "line")
PRODUCT: Final = question_of(DEMAND_SETTINGS, "product")


def inputs(rows: Rows) -> Doubles:
    """Features, and how many weeks ahead."""
    return np.column_stack([rows.values, rows.weeks_ahead])


def batch_size(asked: int, rows: int) -> int:
    """The asked one, halved until an epoch of so many rows has `LEAST_STEPS`, or down to `SMALLEST_BATCH`."""
    size = asked
    while rows < LEAST_STEPS * size and size >= 2 * SMALLEST_BATCH:
        size //= 2
    return size


def demand_fit(question: DemandQuestion, rows: Rows, clip: float, seed: int) -> DemandFit:
    """What is learned from rows: targets clipped, members' bootstraps by account, for products by product."""
    group = rows.account_id if rows.account_id.any() else rows.product_id
    level = np.expm1(rows.column(question.level))
    recipe = replace(question.recipe, batch_size=batch_size(question.recipe.batch_size, len(rows)))
    return DemandFit(recipe, seed, inputs(rows), level, np.minimum(rows.target, clip), group)


def train_question(
    question: DemandQuestion,
    rows: Rows,
    clip: float,
    seed: int,
    threads: int = 1,
    on_epoch: OnEpoch = lambda _epoch, _losses: None,
    on_look: OnLook = lambda _collapsed, _again, _attempt: None,
) -> TrainedDemand:
    """Trains the networks of a question; `on_epoch` hears of each epoch of their first start, `on_look` of each start.

    Raises:
        DemandFitRefused: the rows cannot be learned from, or a loss was no finite number.
    """
    # Here, because whoever has TensorFlow imported in its own way does so before.
    from ordercast.services.trainer.demand_networks.train_demand import train_demand

    fit = demand_fit(question, rows, clip, seed)
    return train_demand(rows.features, fit, threads=threads, on_epoch=on_epoch, on_look=on_look)


def answer_rows(question: DemandQuestion, trained: TrainedDemand, rows: Rows) -> DemandAnswer:
    """What all networks together answer, a slice of the rows at a time."""
    networks, values, level = trained.networks(), inputs(rows), np.expm1(rows.column(question.level))
    parts = [
        networks.answer(values[first : first + SLICE], level[first : first + SLICE])
        for first in range(0, max(len(rows), 1), SLICE)
    ]

    def joined(name: str) -> Floats:
        return np.concatenate([getattr(part, name) for part in parts])

    return DemandAnswer(*(joined(name) for name in ("order_probability", "mean", "low", "median", "high")))
