"""The known recipes, and what a training may change in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import msgspec

from ordercast.contracts.because import sentence
from ordercast.contracts.demand_manifest import DEMAND, HORIZONS, Publish
from ordercast.contracts.demand_settings import DemandSettings
from ordercast.contracts.model_manifest import Layer, Recipe
from ordercast.services.trainer.demand_recipes import DEMAND_SETTINGS, WHOLE, written_recipe
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


@dataclass(frozen=True, slots=True)
class AskedTraining:
    """A training as it was asked for, completed by the recipe's own values. Only `demand` has a horizon and an `until`.

    `until`: what happened on this day or later is not used. Of `demand`, epochs and batches are those of each question.
    `settings`: a written recipe of `demand`, with what was asked in place of its values.
    """

    recipe: str
    members: int
    epochs: int
    batch_size: int
    publish: Publish
    horizon_days: int | None = None
    until: date | None = None
    settings: DemandSettings | None = None

    @property
    def serves(self) -> str:
        """Whose slot its version competes for: a written recipe is `demand` with other values."""
        return self.recipe if self.settings is None else DEMAND


# The most that one training may ask for. Members and epochs multiply its time, the batch its memory; at these bounds a
# training of 10,000 rows is some hours of work, beyond them it is a mistake.
MAX_MEMBERS: Final = WHOLE["members"][1]
MAX_EPOCHS: Final = WHOLE["epochs"][1]
MAX_BATCH_SIZE: Final = WHOLE["batch_size"][1]
# Days are counted from the one before: nothing that is known lies earlier.
FIRST_UNTIL: Final = date(1970, 1, 2)
# Random numbers in the graph are keyed by two int32.
MAX_SEED: Final = 2**31 - 1


def asked_training(
    recipe: str | Mapping[str, Any],
    *,
    members: int | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    publish: Publish | None = None,
    horizon_days: int | None = None,
    until: date | None = None,
) -> AskedTraining:
    """What is to be trained, each value that was not given being the recipe's own.

    `recipe` is the name of a built-in one, or a written recipe of `demand`.

    Raises:
        BadRecipe: no such recipe, or a value that it does not have or that is out of bounds.
    """
    if isinstance(recipe, str) and recipe != DEMAND:
        chosen = choose_recipe(recipe, members=members, epochs=epochs, batch_size=batch_size)
        for field, value in (("horizon_days", horizon_days), ("until", until)):
            if value is not None:
                raise BadRecipe(field, sentence("not-of-recipe", recipe=repr(recipe), name=field))
        return AskedTraining(recipe, chosen.members, chosen.epochs, chosen.batch_size, publish or "always")
    _refuse_out_of_bounds(members, epochs, batch_size)
    if horizon_days is not None and horizon_days not in HORIZONS:
        raise BadRecipe(
            "horizon_days",
            sentence(
                "must-be-one-of", name="horizon_days", values=", ".join(map(str, HORIZONS)), given=str(horizon_days)
            ),
        )
    if until is not None:
        _refuse_days_without_data(until)
    asked = {"members": members, "epochs": epochs, "batch_size": batch_size, "horizon_days": horizon_days}
    changes: dict[str, Any] = {key: value for key, value in asked.items() if value is not None}
    if isinstance(recipe, str):
        settings = msgspec.structs.replace(DEMAND_SETTINGS, **changes)
    else:
        settings = written_recipe({**recipe, **changes})
    return AskedTraining(
        settings.name,
        settings.members,
        settings.epochs,
        settings.batch_size,
        publish or "if-better",
        settings.horizon_days,
        until,
        settings if settings.name != DEMAND else None,
    )


def choose_recipe(
    name: str, *, members: int | None = None, epochs: int | None = None, batch_size: int | None = None
) -> Recipe:
    """The recipe of that name, which is not `demand`, with the given values in place of its own.

    Raises:
        BadRecipe: no such recipe, or a value outside 1 and its bound.
    """
    if name not in RECIPES:
        known = ", ".join(sorted([*RECIPES, DEMAND]))
        raise BadRecipe("recipe", sentence("no-recipe", recipe=repr(name), known=known))
    _refuse_out_of_bounds(members, epochs, batch_size)
    asked = {"members": members, "epochs": epochs, "batch_size": batch_size}
    return msgspec.structs.replace(
        RECIPES[name], **{field: value for field, value in asked.items() if value is not None}
    )


def _refuse_out_of_bounds(members: int | None, epochs: int | None, batch_size: int | None) -> None:
    bounds = (
        ("members", members, MAX_MEMBERS),
        ("epochs", epochs, MAX_EPOCHS),
        ("batch_size", batch_size, MAX_BATCH_SIZE),
    )
    for field, value, most in bounds:
        if value is not None and not 1 <= value <= most:
            raise BadRecipe(field, sentence("must-be-from-to", name=field, least="1", most=str(most), given=str(value)))


def _refuse_days_without_data(until: date) -> None:
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    if not FIRST_UNTIL <= until <= tomorrow:
        raise BadRecipe(
            "until", sentence("until-from-to", first=str(FIRST_UNTIL), tomorrow=str(tomorrow), given=str(until))
        )
