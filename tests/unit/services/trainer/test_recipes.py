from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from ordercast.services.trainer.errors import BadRecipe
from ordercast.services.trainer.recipes import (
    BASELINE,
    MAX_BATCH_SIZE,
    MAX_EPOCHS,
    MAX_MEMBERS,
    AskedTraining,
    asked_training,
    choose_recipe,
)


def test_the_baseline_is_the_one_that_the_recipe_page_states() -> None:
    assert [(layer.units, layer.activation, layer.dropout) for layer in BASELINE.layers] == [
        (128, "relu", 0.3),
        (64, "relu", 0.2),
        (64, "tanh", 0.2),
        (32, "relu", 0.2),
        (32, "tanh", 0.2),
        (16, "relu", 0.2),
        (16, "tanh", 0.2),
        (8, "relu", 0.2),
        (8, "tanh", 0.2),
        (4, "relu", 0.2),
        (4, "tanh", 0.2),
        (2, "relu", 0.0),
        (2, "tanh", 0.0),
        (1, "linear", 0.0),
    ]
    assert (BASELINE.members, BASELINE.epochs, BASELINE.batch_size, BASELINE.learning_rate) == (10, 100, 32, 0.001)
    assert (BASELINE.test_size, BASELINE.split_seed, BASELINE.validation_split) == (0.2, 42, 0.2)
    assert (BASELINE.loss, BASELINE.optimiser) == ("mse", "adam")


def test_given_values_stand_in_place_of_the_recipes_own() -> None:
    recipe = choose_recipe("baseline", members=3, epochs=7, batch_size=64)

    assert (recipe.members, recipe.epochs, recipe.batch_size) == (3, 7, 64)
    assert recipe.layers == BASELINE.layers
    assert choose_recipe("baseline") == BASELINE


def test_an_unknown_recipe_is_refused_with_the_names_of_the_known_ones() -> None:
    with pytest.raises(BadRecipe, match="known are: baseline, demand") as refused:
        choose_recipe("best")
    assert set(refused.value.fields) == {"recipe"}


@pytest.mark.parametrize(
    ("field", "most"), [("members", MAX_MEMBERS), ("epochs", MAX_EPOCHS), ("batch_size", MAX_BATCH_SIZE)]
)
def test_a_value_out_of_bounds_is_refused_by_its_name(field: str, most: int) -> None:
    for value in (0, -1, most + 1):
        with pytest.raises(BadRecipe, match=f"{field} must be from 1 to {most}, not {value}") as refused:
            choose_recipe("baseline", **{field: value})
        assert set(refused.value.fields) == {field}
    assert getattr(choose_recipe("baseline", **{field: most}), field) == most


def test_demand_asks_for_four_weeks_and_is_published_if_it_is_better() -> None:
    asked = asked_training("demand", members=3)
    assert asked == AskedTraining("demand", 3, 8, 1024, "if-better", 28, None)
    assert asked_training("demand", horizon_days=7, until=date(2011, 11, 7), publish="never") == AskedTraining(
        "demand", 10, 8, 1024, "never", 7, date(2011, 11, 7)
    )


@pytest.mark.parametrize("days", [0, 1])
def test_all_that_is_known_until_now_may_be_asked_for(days: int) -> None:
    until = datetime.now(UTC).date() + timedelta(days=days)
    assert asked_training("demand", until=until).until == until


def test_the_baseline_is_published_whatever_it_is_worth() -> None:
    assert asked_training("baseline") == AskedTraining("baseline", 10, 100, 32, "always")


@pytest.mark.parametrize(
    ("recipe", "changes", "reason"),
    [
        ("demand", {"horizon_days": 13}, "horizon_days must be one of 7, 14, 28, 56, not 13"),
        ("demand", {"members": 101}, "members must be from 1 to 100, not 101"),
        ("baseline", {"horizon_days": 28}, "the recipe 'baseline' has no horizon_days; `demand` has"),
        ("baseline", {"until": date(2026, 1, 1)}, "the recipe 'baseline' has no until; `demand` has"),
        ("best", {}, "known are: baseline, demand"),
        ("demand", {"until": date(1970, 1, 1)}, "until must be from 1970-01-02 to .* not 1970-01-01"),
        ("demand", {"until": date(9999, 12, 31)}, "tomorrow .* not 9999-12-31"),
    ],
)
def test_what_a_recipe_cannot_do_is_refused_by_its_name(recipe: str, changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadRecipe, match=reason) as refused:
        asked_training(recipe, **changes)
    assert set(refused.value.fields) == set(changes or {"recipe": recipe})
