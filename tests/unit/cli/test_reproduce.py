"""How a version is asked for again, and what is said of what came out."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ordercast.cli.options import CommandFailed
from ordercast.cli.reproduce import asked_again, compared
from ordercast.client.answers import Made, Model, Recipe
from ordercast.services.trainer.demand_recipes import DEMAND_SETTINGS
from tests.support.demand_versions import demand_version
from tests.support.model_artifacts import write_model

SETTINGS = msgspec.structs.replace(DEMAND_SETTINGS, members=3, epochs=2)


def plain(value: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value))


def model(manifest: Any, recipe: str = "demand") -> Model:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return Model(manifest.version, recipe, "available", None, moment, None, manifest=plain(manifest))


def built_in(name: str, values: Any) -> list[Recipe]:
    return [Recipe(name, True, name, plain(values), 0, None)]


def test_demand_is_asked_for_with_its_seed_its_values_and_the_day_until_which_it_knew() -> None:
    version = model(demand_version(seed=5, settings=SETTINGS)[0])
    recipe, asked = asked_again(version, built_in("demand", DEMAND_SETTINGS))
    assert recipe == "demand"
    assert asked == {
        "seed": 5,
        "publish": "never",
        "until": "2026-01-01",
        "members": 3,
        "epochs": 2,
        "batch_size": 1024,
        "horizon_days": 28,
    }
    lean = model(demand_version(settings=msgspec.structs.replace(SETTINGS, name="lean"))[0])
    assert asked_again(lean, [])[0] == plain(SETTINGS) | {"name": "lean"}


def test_the_baseline_is_asked_for_without_a_day(tmp_path: Path) -> None:
    manifest = write_model(tmp_path).manifest
    recipe, asked = asked_again(model(manifest, "baseline"), built_in("baseline", manifest.recipe))
    assert (recipe, set(asked)) == ("baseline", {"seed", "publish", "members", "epochs", "batch_size"})


def test_a_version_whose_recipe_is_not_known_any_more_is_not_made_again() -> None:
    version = model(demand_version(settings=SETTINGS)[0])
    changed = msgspec.structs.replace(DEMAND_SETTINGS, learning_rate=0.5)
    with pytest.raises(CommandFailed, match="of this release has another learning_rate"):
        asked_again(version, built_in("demand", changed))
    with pytest.raises(CommandFailed, match="did not keep all values"):
        asked_again(model(demand_version()[0]), [])
    with pytest.raises(CommandFailed, match="gone or damaged"):
        asked_again(msgspec.structs.replace(version, manifest=None), [])


def test_what_came_out_the_same_differs_in_nothing() -> None:
    manifest, _ = demand_version()
    files = {"pair.safetensors": manifest.files["pair.safetensors"].sha256}
    found = compared(model(manifest), "t", Made("9" * 64, 1, files, {}))
    assert (found.same, found.files, found.differs) == (True, {"pair.safetensors": True}, [])


def test_a_file_that_the_version_did_not_have_differs() -> None:
    manifest, _ = demand_version()
    found = compared(model(manifest), "t", Made("9" * 64, 1, {"later.safetensors": "f" * 64}, {}))
    assert (found.same, found.files) == (False, {"later.safetensors": False})


@pytest.mark.parametrize(
    ("digest", "libraries", "words"),
    [
        ("1" * 64, {"numpy": "2"}, ["the data: 900 rows in place of 1,000"]),
        ("0" * 64, {"numpy": "3", "machine": "arm"}, ["numpy: 3 in place of 2", "machine: arm in place of unknown"]),
        ("0" * 64, {"numpy": "2"}, ["not deterministic here"]),
    ],
    ids=["data", "libraries", "nothing"],
)
def test_what_differs_is_said(digest: str, libraries: dict[str, str], words: list[str]) -> None:
    found = compared(model(demand_version()[0]), "t", Made(digest, 900, {"pair.safetensors": "f" * 64}, libraries))
    assert not found.same
    assert found.differs[0] == "not the same: pair.safetensors"
    assert len(found.differs) == 1 + len(words)
    assert all(word in line for word, line in zip(words, found.differs[1:], strict=True))
