"""How a version is asked for again, and what is said of what came out."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ordercast.cli.options import CommandFailed
from ordercast.cli.reproduce import asked_again, compared
from ordercast.client.model_answers import Model
from ordercast.client.training_answers import Made, Question, Recipe
from ordercast.contracts.demand_manifest import CALIBRATION_FILE, DemandManifest, trees_file
from ordercast.contracts.model_manifest import SCALER_FILE, WEIGHTS_FILE
from ordercast.services.trainer.demand_recipes import DEMAND_SETTINGS
from tests.support.demand_versions import demand_version, with_trees
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


def learned(manifest: DemandManifest) -> dict[str, str]:
    """Digests of all that a training of the version learns."""
    return {name: entry.sha256 for name, entry in manifest.files.items() if name != CALIBRATION_FILE}


def questions(manifest: DemandManifest) -> dict[str, Question]:
    """As a trainer answers them."""
    return msgspec.convert(plain(manifest.questions), dict[str, Question])


def test_what_came_out_the_same_differs_in_nothing() -> None:
    for manifest in (demand_version()[0], with_trees(demand_version())[0]):
        made = Made("9" * 64, 1, learned(manifest), {})
        found = compared(model(manifest), "t", made, questions(manifest))
        assert (found.same, found.files, found.differs) == (True, dict.fromkeys(learned(manifest), True), [])


def test_the_same_of_the_baseline(tmp_path: Path) -> None:
    manifest = write_model(tmp_path).manifest
    files = {name: manifest.files[name].sha256 for name in (WEIGHTS_FILE, SCALER_FILE)}
    found = compared(model(manifest, "baseline"), "t", Made("9" * 64, 1, files, {}))
    assert (found.same, found.files, found.differs) == (True, dict.fromkeys(files, True), [])


def test_a_file_that_the_version_did_not_have_differs() -> None:
    manifest, _ = demand_version()
    made = Made("9" * 64, 1, learned(manifest) | {"later.safetensors": "f" * 64}, {})
    found = compared(model(manifest), "t", made)
    assert (found.same, found.files) == (False, dict.fromkeys(learned(manifest), True) | {"later.safetensors": False})


def test_a_file_that_was_not_made_again_differs() -> None:
    manifest, _ = with_trees(demand_version())
    made = learned(manifest)
    del made[trees_file("product")]
    found = compared(model(manifest), "t", Made(manifest.data.digest, 1, made, {}))
    assert (found.same, found.files[trees_file("product")]) == (False, False)
    assert found.differs[0] == f"not the same: {trees_file('product')}"


def test_another_weight_of_the_same_trees_differs() -> None:
    version = demand_version()
    before, again = with_trees(version, 0.25)[0], with_trees(version, 0.5)[0]
    found = compared(model(before), "t", Made("9" * 64, 1, learned(again), {}), questions(again))
    assert (found.same, set(found.files.values())) == (False, {True})
    assert found.differs[0] == "the weight of the trees of product: 0.5 in place of 0.25"


def test_another_weight_of_what_holds_the_blend_back_differs_and_names_none_in_its_place() -> None:
    before, again = (with_trees(demand_version(), 0.25, None, share, "visit_level")[0] for share in (0.3, 0.5))
    found = compared(model(before), "t", Made("9" * 64, 1, learned(before), {}), questions(again))
    assert found.differs[0] == "the weight of what holds the blend back of product: 0.5 in place of 0.3"


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
    manifest, _ = demand_version()
    files = learned(manifest) | {"pair.safetensors": "f" * 64}
    found = compared(model(manifest), "t", Made(digest, 900, files, libraries))
    assert not found.same
    assert found.differs[0] == "not the same: pair.safetensors"
    assert len(found.differs) == 1 + len(words)
    assert all(word in line for word, line in zip(words, found.differs[1:], strict=True))
