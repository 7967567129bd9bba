"""What each predictor answers from, by its own word."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from ordercast.client.model_answers import CurrentModel
from ordercast.client.predictor import PredictorApi
from ordercast.services.console.models.read_models import RECIPES
from ordercast.services.console.parts import Missing, ask


@dataclass(frozen=True, slots=True)
class Served:
    process: str
    recipe: str
    current: CurrentModel | Missing


async def read_served(predictors: Mapping[str, PredictorApi]) -> Sequence[Served]:
    """Of each process and recipe. Several that stand behind one address answer in turn."""

    async def one(process: str, recipe: str) -> Served:
        return Served(process, recipe, await ask(process, predictors[process].current_model(recipe)))

    return await asyncio.gather(*(one(process, recipe) for process, recipe in product(predictors, RECIPES)))
