"""What goes in at /trainings; what comes out is in `jobs.answers`."""

from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, Field, WithJsonSchema

from ordercast.contracts.demand_manifest import HORIZONS, QUESTIONS, Publish, Question
from ordercast.contracts.demand_settings import QuestionSettings
from ordercast.services.shared.http.requests import BodyModel, CalendarDate
from ordercast.services.trainer.demand_recipes import (
    DECIMAL,
    DEMAND_SETTINGS,
    HEADS,
    LEAST_WEIGHT,
    MOST_LAYERS,
    MOST_UNITS,
    MOST_WEIGHT,
    NAME,
    WHOLE,
)
from ordercast.services.trainer.jobs.used_recipes import UsedRecipe
from ordercast.services.trainer.recipes import MAX_BATCH_SIZE, MAX_EPOCHS, MAX_MEMBERS, MAX_SEED

# Characters of a recipe's name in a request; what is longer is none.
MAX_NAME: Final = 100


def _name_or_recipe(value: object) -> object:
    if not isinstance(value, str | dict) or (isinstance(value, str) and len(value) > MAX_NAME):
        raise ValueError("must be the name of a recipe, or a recipe as an object")
    return value


def _whole(least: int, most: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": least, "maximum": most}


def _question(question: Question) -> dict[str, Any]:
    built_in: QuestionSettings = getattr(DEMAND_SETTINGS, question)
    weight = {"type": "number", "minimum": LEAST_WEIGHT, "maximum": MOST_WEIGHT}
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "features": {
                "type": "array",
                "items": {"enum": list(built_in.features)},
                "uniqueItems": True,
                "maxItems": len(built_in.features),
            },
            "layers": {"type": "array", "items": _whole(1, MOST_UNITS), "minItems": 1, "maxItems": MOST_LAYERS},
            "losses": {
                "type": "object",
                "additionalProperties": False,
                "properties": dict.fromkeys(HEADS[question], weight),
            },
        },
    }


# One schema, from the bounds by which `written_recipe` checks: an error shall name the key, and not each form that it is not of.
Recipe = Annotated[
    Any,
    BeforeValidator(_name_or_recipe),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "maxLength": MAX_NAME, "examples": ["baseline", "demand"]},
                {
                    "type": "object",
                    "required": ["name"],
                    "additionalProperties": False,
                    "properties": {
                        "name": {"type": "string", "pattern": f"^{NAME.pattern}$", "maxLength": MAX_NAME},
                        "horizon_days": {"enum": list(HORIZONS)},
                        "blend": {"type": "boolean"},
                        **{key: _whole(*bounds) for key, bounds in WHOLE.items()},
                        **{
                            key: {"type": "number", "minimum": least, "maximum": most}
                            for key, (least, most) in DECIMAL.items()
                        },
                        **{question: _question(question) for question in QUESTIONS},
                    },
                },
            ]
        }
    ),
]


class RecipesAnswer(BaseModel):
    data: list[UsedRecipe]


class TrainingRequest(BodyModel):
    """A recipe, and what is to stand in place of its own values.

    `publish`: if the model is better than what needs no learning and not worse than what serves (default of `demand`), always
    (default of `baseline`), or never. Only `demand` has a horizon (7, 14, 28 or 56 days; 28 if not said) and an `until`: what
    happened on this day (UTC) or later is not used, tomorrow at most.

    A recipe of one's own is `demand` with other values: a name and what differs, as `GET /recipes` shows them. Its versions
    compete for the slot of `demand`.
    """

    recipe: Recipe = "baseline"
    members: Annotated[int | None, Field(ge=1, le=MAX_MEMBERS)] = None
    epochs: Annotated[int | None, Field(ge=1, le=MAX_EPOCHS)] = None
    batch_size: Annotated[int | None, Field(ge=1, le=MAX_BATCH_SIZE)] = None
    seed: Annotated[int | None, Field(ge=0, le=MAX_SEED, description="the same seed and rows give the same model")] = (
        None
    )
    publish: Publish | None = None
    horizon_days: Annotated[int | None, Field(ge=1, le=366, examples=[28])] = None
    until: Annotated[CalendarDate | None, Field(examples=["2011-11-07"])] = None
