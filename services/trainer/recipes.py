"""The known recipes, and what a training may change in them."""

from collections.abc import Mapping
from typing import Final

import msgspec

from ordercast.contracts.model_manifest import Layer, Recipe
from ordercast.services.trainer.errors import BadRecipe

# The model that the project started from. It stays as it is; a better recipe gets a name of its own below.
BASELINE: Final = Recipe(
    name="baseline",
    layers=(
        Layer(128, "relu", 0.3),
        Layer(64, "relu", 0.2),
        Layer(64, "tanh", 0.2),
        Layer(32, "relu", 0.2),
        Layer(32, "tanh", 0.2),
        Layer(16, "relu", 0.2),
        Layer(16, "tanh", 0.2),
        Layer(8, "relu", 0.2),
        Layer(8, "tanh", 0.2),
        Layer(4, "relu", 0.2),
        Layer(4, "tanh", 0.2),
        Layer(2, "relu"),
        Layer(2, "tanh"),
        Layer(1, "linear"),
    ),
    members=10,
    epochs=100,
    batch_size=32,
    learning_rate=0.001,
    test_size=0.2,
    split_seed=42,
    validation_split=0.2,
)

RECIPES: Final[Mapping[str, Recipe]] = {BASELINE.name: BASELINE}

# The most that one training may ask for. Members and epochs multiply its time, the batch its memory; at these bounds a
# training of 10,000 rows is some hours of work, beyond them it is a mistake.
MAX_MEMBERS: Final = 100
MAX_EPOCHS: Final = 10_000
MAX_BATCH_SIZE: Final = 4_096
# Random numbers in the graph are keyed by two int32.
MAX_SEED: Final = 2**31 - 1


def choose_recipe(
    name: str, *, members: int | None = None, epochs: int | None = None, batch_size: int | None = None
) -> Recipe:
    """The recipe of that name with the given values in place of its own.

    Raises:
        BadRecipe: no such recipe, or a value outside 1 and its bound.
    """
    if name not in RECIPES:
        raise BadRecipe("recipe", f"there is no recipe {name!r}; known are: {', '.join(sorted(RECIPES))}")
    asked = {
        "members": (members, MAX_MEMBERS),
        "epochs": (epochs, MAX_EPOCHS),
        "batch_size": (batch_size, MAX_BATCH_SIZE),
    }
    for field, (value, most) in asked.items():
        if value is not None and not 1 <= value <= most:
            raise BadRecipe(field, f"{field} must be from 1 to {most}, not {value}")
    return msgspec.structs.replace(RECIPES[name], **{f: v for f, (v, _) in asked.items() if v is not None})
