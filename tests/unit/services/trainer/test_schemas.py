"""What a request may hold by OpenAPI is what is taken."""

from typing import Any

import jsonschema
import msgspec
import pytest

from ordercast.contracts.demand_manifest import QUESTIONS
from ordercast.contracts.demand_settings import DemandSettings, QuestionSettings
from ordercast.services.trainer.demand_recipes import DEMAND_SETTINGS, written_recipe
from ordercast.services.trainer.errors import BadRecipe
from ordercast.services.trainer.schemas import TrainingRequest

RECIPE = TrainingRequest.model_json_schema()["properties"]["recipe"]
WRITTEN = RECIPE["anyOf"][1]
ALL: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(DEMAND_SETTINGS)) | {"name": "mine"}


def test_each_key_of_a_written_recipe_stands_in_the_schema() -> None:
    """`blend` was taken and is told of in the pages, and a client by the schema would have refused it."""
    assert set(WRITTEN["properties"]) == set(DemandSettings.__struct_fields__)
    for question in QUESTIONS:
        assert set(WRITTEN["properties"][question]["properties"]) == set(QuestionSettings.__struct_fields__)


@pytest.mark.parametrize("changes", [{}, {"blend": False}, {"members": 1, "horizon_days": 7, "learning_rate": 1}])
def test_what_is_taken_is_so_by_the_schema(changes: dict[str, Any]) -> None:
    written_recipe(ALL | changes)
    jsonschema.validate(ALL | changes, RECIPE)


@pytest.mark.parametrize(
    "changes", [{"blend": 1}, {"horizon_days": 8}, {"members": 0}, {"other": 1}, {"pair": {"mean": 1}}]
)
def test_what_is_refused_is_not_so_by_the_schema(changes: dict[str, Any]) -> None:
    with pytest.raises(BadRecipe, match="recipe"):
        written_recipe(ALL | changes)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(ALL | changes, RECIPE)
