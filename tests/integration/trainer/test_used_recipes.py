"""Recipes that trainings were asked for with, and names that stand for one recipe."""

import asyncio
from typing import Any, Final

import msgspec
import pytest

from ordercast.services.trainer.demand_recipes import DEMAND_SETTINGS
from ordercast.services.trainer.errors import BadRecipe
from ordercast.services.trainer.jobs.ask_for_training import ask_for_training
from ordercast.services.trainer.jobs.used_recipes import used_recipes
from ordercast.services.trainer.recipes import asked_training
from tests.integration.trainer.conftest import Workplace

LEAN: Final[dict[str, Any]] = {"name": "lean", "members": 2, "pair": {"features": ["pair_level"], "layers": [8]}}


async def test_built_in_recipes_are_listed_with_all_values_and_written_ones_with_those_of_their_last_training(
    workplace: Workplace,
) -> None:
    asked = asked_training(LEAN, epochs=3)
    for training in (asked_training(LEAN), asked_training("baseline"), asked):
        await ask_for_training(workplace.sessions, training, 1)
    recipes = {recipe.name: recipe for recipe in await used_recipes(workplace.sessions)}
    assert list(recipes) == ["baseline", "demand", "lean"]
    assert [recipe.serves for recipe in recipes.values()] == ["baseline", "demand", "demand"]
    assert [recipe.trainings for recipe in recipes.values()] == [1, 0, 2]
    assert recipes["lean"].values == msgspec.json.decode(msgspec.json.encode(asked.settings))
    assert tuple(recipes["demand"].values["pair"]["features"]) == DEMAND_SETTINGS.pair.features


async def test_a_name_stands_for_the_same_values_but_for_those_that_may_be_asked_for(workplace: Workplace) -> None:
    await ask_for_training(workplace.sessions, asked_training(LEAN), 1)
    await ask_for_training(workplace.sessions, asked_training(LEAN | {"epochs": 3}, horizon_days=7), 1)
    other = LEAN | {"learning_rate": 0.5, "pair": {"layers": [8]}}
    with pytest.raises(BadRecipe, match="'lean' was trained with another learning_rate and pair") as refused:
        await ask_for_training(workplace.sessions, asked_training(other), 1)
    assert set(refused.value.fields) == {"recipe.name"}


async def test_of_two_recipes_that_claim_a_name_at_once_one_gets_it(workplace: Workplace) -> None:
    recipes = [asked_training(LEAN | {"learning_rate": rate}) for rate in (0.1, 0.2, 0.3, 0.4)]
    outcomes = await asyncio.gather(
        *(ask_for_training(workplace.sessions, asked, 1) for asked in recipes), return_exceptions=True
    )
    assert sum(isinstance(outcome, BadRecipe) for outcome in outcomes) == 3
    [lean] = [recipe for recipe in await used_recipes(workplace.sessions) if recipe.name == "lean"]
    assert lean.trainings == 1
