"""Recipes that trainings went by: the built-in ones, and those that somebody wrote, by name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.contracts.demand_manifest import DEMAND
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.trainer.demand_recipes import DEMAND_SETTINGS
from ordercast.services.trainer.errors import BadRecipe
from ordercast.services.trainer.jobs.tables import Training
from ordercast.services.trainer.recipes import RECIPES

# Recipes that an answer lists: the newest written ones. A name stands for good, so there may be many.
MOST_LISTED: Final = 200
# Values that may be asked for in place of a recipe's own; a training with other ones is one of the same recipe.
_ASKED_FOR: Final = ("members", "epochs", "batch_size", "horizon_days")


@dataclass(frozen=True, slots=True)
class UsedRecipe:
    """`serves`: whose slot its versions compete for. `values`: all of them, of a written recipe those of its last training.

    `trainings` were asked for with it, the last one at `last_asked_at` (null: none).
    """

    name: str
    built_in: bool
    serves: Literal["baseline", "demand"]
    values: dict[str, Any]
    trainings: int
    last_asked_at: datetime | None


async def used_recipes(sessions: Sessions) -> Sequence[UsedRecipe]:
    """The built-in recipes, then those that somebody wrote, the last used first."""
    built_in: dict[str, Any] = {name: msgspec.to_builtins(recipe) for name, recipe in RECIPES.items()}
    built_in[DEMAND] = msgspec.to_builtins(DEMAND_SETTINGS)
    async with sessions() as session:
        counted = await session.execute(
            select(Training.recipe, func.count().label("trainings"), func.max(Training.created_at).label("last"))
            .group_by(Training.recipe)
            .order_by(func.max(Training.created_at).desc())
            .limit(MOST_LISTED)
        )
        used = {row.recipe: (row.trainings, row.last) for row in counted}
        written = await session.execute(
            select(Training.recipe, Training.settings)
            .where(Training.settings.is_not(None), Training.recipe.in_(used))
            .ext(distinct_on(Training.recipe))
            .order_by(Training.recipe, Training.id.desc())
        )
        values = {row.recipe: row.settings for row in written}
    return [
        *(
            UsedRecipe(name, True, "demand" if name == DEMAND else "baseline", values_of, *used.get(name, (0, None)))
            for name, values_of in built_in.items()
        ),
        *(UsedRecipe(name, False, "demand", values[name], *used[name]) for name in used if name in values),
    ]


async def refuse_taken_name(session: AsyncSession, settings: Mapping[str, Any]) -> None:
    """A name stands for one recipe: versions and trainings are told apart by it.

    Part of a transaction that has locked the queue.

    Raises:
        BadRecipe: a training went by a recipe of that name with other values.
    """
    name = settings["name"]
    known = await session.scalar(
        select(Training.settings)
        .where(Training.recipe == name, Training.settings.is_not(None))
        .order_by(Training.id.desc())
        .limit(1)
    )
    others = sorted(key for key, value in (known or {}).items() if key not in _ASKED_FOR and settings.get(key) != value)
    if others:
        raise BadRecipe(
            "recipe.name",
            f"recipe.name: {name!r} was trained with another {' and '.join(others)}; give this recipe a name of its own",
        )
