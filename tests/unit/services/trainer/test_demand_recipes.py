"""Recipes that somebody wrote: what they change, and what is refused by its key."""

import tomllib
from typing import Any

import msgspec
import pytest

from ordercast.contracts.demand_manifest import QUESTIONS
from ordercast.contracts.demand_settings import DemandSettings
from ordercast.services.trainer.demand_recipes import (
    DEMAND_SETTINGS,
    MOST_BYTES,
    refuse_too_much_work,
    weights,
    written_recipe,
)
from ordercast.services.trainer.errors import BadRecipe
from ordercast.services.trainer.recipes import asked_training

LEAN = """
name = "lean"
horizon_days = 7
members = 4
learning_rate = 0.01

[pair]
features = ["pair_views_28", "pair_level"]
layers = [16]

[line.losses]
mean = 0.5
"""


def test_a_written_recipe_has_the_built_in_ones_values_where_it_has_none() -> None:
    lean = written_recipe(tomllib.loads(LEAN))
    assert (lean.name, lean.horizon_days, lean.members, lean.learning_rate) == ("lean", 7, 4, 0.01)
    assert (lean.pair.features, lean.pair.layers) == (("pair_level", "pair_views_28"), (16,))
    assert lean.line.losses == DEMAND_SETTINGS.line.losses | {"mean": 0.5}
    built_in = ("epochs", "batch_size", "weight_decay", "product")
    assert [getattr(lean, key) for key in built_in] == [getattr(DEMAND_SETTINGS, key) for key in built_in]
    assert written_recipe(msgspec.to_builtins(lean)) == lean


def test_the_built_in_recipe_under_another_name_is_the_same() -> None:
    again = written_recipe(msgspec.json.decode(msgspec.json.encode(DEMAND_SETTINGS)) | {"name": "again"})
    assert msgspec.structs.replace(again, name="demand") == DEMAND_SETTINGS


def test_products_by_week_are_blended_unless_the_recipe_says_no_and_recipes_from_before_say_nothing() -> None:
    assert DEMAND_SETTINGS.blend
    assert written_recipe({"name": "lean"}).blend
    assert not written_recipe({"name": "lean", "blend": False}).blend
    before = {key: value for key, value in msgspec.to_builtins(DEMAND_SETTINGS).items() if key != "blend"}
    assert not msgspec.convert(before, DemandSettings).blend


def test_what_is_asked_stands_in_place_of_a_written_recipes_values() -> None:
    asked = asked_training(tomllib.loads(LEAN), members=2, horizon_days=14)
    assert (asked.recipe, asked.members, asked.epochs, asked.horizon_days) == ("lean", 2, 8, 14)
    assert asked.publish == "if-better"
    assert asked.settings is not None
    assert (asked.settings.members, asked.settings.horizon_days) == (2, 14)


def test_what_is_asked_is_bounded_together_with_what_was_written() -> None:
    large = {"name": "large", "members": 1, "line": {"layers": [512] * 6}}
    assert asked_training(large).members == 1
    with pytest.raises(BadRecipe, match=r"recipe.line.layers: 10 networks of these layers are \d+ MB, at most 16"):
        asked_training(large, members=10)


def test_a_recipe_without_a_name_is_told_so() -> None:
    with pytest.raises(BadRecipe, match=r"recipe\.name is missing"):
        written_recipe({})


@pytest.mark.parametrize(
    ("change", "key", "words"),
    [
        ({"name": "demand"}, "recipe.name", "built in"),
        ({"name": "baseline"}, "recipe.name", "built in"),
        ({"name": "Lean!"}, "recipe.name", "small letters"),
        ({"name": None}, "recipe.name", "small letters"),
        ({"name": 5}, "recipe.name", "not 5"),
        ({"blend": 1}, "recipe.blend", "true or false, not 1"),
        ({"x" * 10_000: 3}, "recipe." + "x" * 80, "no such key"),
        ({"members": 10**400}, "recipe.members", "from 1 to 100, not 1000000000"),
        ({"learning_rate": 10**400}, "recipe.learning_rate", "from 1e-06 to 1"),
        ({"learning_rate": float("inf")}, "recipe.learning_rate", "not inf"),
        ({"learning_rate": "0.1"}, "recipe.learning_rate", "must be a number"),
        ({"pair": {"features": []}}, "recipe.pair.features", "must hold pair_level"),
        ({"pair": {"losses": {"order": float("nan")}}}, "recipe.pair.losses.order", "not nan"),
        ({"pair": {"losses": []}}, "recipe.pair.losses", "must be a table"),
        ({"depth": 3}, "recipe.depth", "no such key; known are: name, horizon_days"),
        ({"horizon_days": 13}, "recipe.horizon_days", "one of 7, 14, 28, 56, not 13"),
        ({"members": 0}, "recipe.members", "from 1 to 100, not 0"),
        ({"members": True}, "recipe.members", "not True"),
        ({"epochs": 1.5}, "recipe.epochs", "a whole number"),
        ({"learning_rate": 2}, "recipe.learning_rate", "from 1e-06 to 1, not 2"),
        ({"learning_rate": float("nan")}, "recipe.learning_rate", "not nan"),
        ({"pair": []}, "recipe.pair", "a table"),
        ({"pair": {"units": 3}}, "recipe.pair.units", "known are: features, layers, losses"),
        ({"pair": {"features": ["pair_level", "colour"]}}, "recipe.pair.features", "not 'colour'"),
        ({"pair": {"features": ["pair_orders"]}}, "recipe.pair.features", "must hold pair_level"),
        ({"pair": {"features": ["pair_level"] * 2}}, "recipe.pair.features", "twice"),
        ({"product": {"features": ["pair_level"]}}, "recipe.product.features", "not 'pair_level'"),
        ({"pair": {"features": "pair_level"}}, "recipe.pair.features", "a list of names"),
        ({"line": {"layers": []}}, "recipe.line.layers", "a list of 1 to 6"),
        ({"line": {"layers": [1024]}}, "recipe.line.layers", "from 1 to 512, not 1024"),
        ({"line": {"losses": {"order": 1}}}, "recipe.line.losses.order", "known are: mean, median"),
        ({"line": {"losses": {"mean": 0}}}, "recipe.line.losses.mean", "from 0.001 to 100, not 0"),
        ({"members": 100, "pair": {"layers": [512, 512]}}, "recipe.pair.layers", "MB, at most 16"),
    ],
)
def test_what_is_wrong_is_refused_by_its_key(change: dict[str, Any], key: str, words: str) -> None:
    with pytest.raises(BadRecipe) as refused:
        written_recipe({"name": "lean"} | change)
    assert set(refused.value.fields) == {key}
    assert str(refused.value).startswith(key)
    assert words in str(refused.value)


def test_more_work_than_anybody_waits_for_is_refused_in_numbers() -> None:
    refuse_too_much_work("pair", DEMAND_SETTINGS, 10_000_000)
    long = msgspec.structs.replace(DEMAND_SETTINGS, members=100, epochs=10_000)
    with pytest.raises(BadRecipe, match=r"pair: members x epochs x rows \(100 x 10,000 x 300,000\).* at most 2e\+13"):
        refuse_too_much_work("pair", long, 300_000)


def test_the_largest_that_a_trained_question_may_be_is_one_that_a_predictor_loads() -> None:
    from ordercast.services.predictor.version_folder import MAX_FILE_BYTES

    assert MOST_BYTES * 2 <= MAX_FILE_BYTES
    for question in QUESTIONS:
        assert 4 * 100 * weights(getattr(DEMAND_SETTINGS, question)) < MOST_BYTES
