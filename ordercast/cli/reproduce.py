"""Trains a version again from its manifest, and says whether the same came out, or what differs."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from ordercast.cli.options import CommandFailed
from ordercast.client.model_answers import Model
from ordercast.client.training_answers import Made, Question, Recipe
from ordercast.contracts.demand_manifest import CALIBRATION_FILE
from ordercast.contracts.model_manifest import SCALER_FILE, WEIGHTS_FILE


class Reproduced(Struct, frozen=True):
    """`same`: all that was learned is the same to the bit. `files` says so for each; `differs` says what is not, in words."""

    version: str
    training: str
    same: bool
    files: dict[str, bool]
    differs: list[str]


# What a training may be asked for in place of a recipe's values.
ASKED_FOR = ("members", "epochs", "batch_size", "horizon_days")


def asked_again(model: Model, recipes: list[Recipe]) -> tuple[str | Mapping[str, Any], dict[str, int | str]]:
    """The recipe, and what is asked in place of its values, of a training that makes the version again and publishes nothing.

    Raises:
        CommandFailed: its files are gone, or this release does not train by that recipe any more.
    """
    manifest = model.manifest
    if manifest is None:
        raise CommandFailed(f"the files of {model.version} are gone or damaged: it is not known how it was made")
    asked: dict[str, int | str] = {"seed": manifest["seed"], "publish": "never"}
    if model.recipe == "baseline":
        made_by = manifest["recipe"]
        _refuse_changed(model, made_by, _values(recipes, "baseline"))
        return "baseline", asked | {key: made_by[key] for key in ("members", "epochs", "batch_size")}
    made_by = manifest.get("settings")
    if made_by is None:
        raise CommandFailed(f"{model.version} was made by a release that did not keep all values of its recipe")
    asked |= {key: made_by[key] for key in ASKED_FOR} | {"until": manifest["data"]["until"]}
    if made_by["name"] != model.recipe:
        return made_by, asked
    _refuse_changed(model, made_by, _values(recipes, model.recipe))
    return model.recipe, asked


def compared(model: Model, training: str, made: Made, questions: Mapping[str, Question] | None = None) -> Reproduced:
    """What came out beside what the manifest says of the version; `questions` are those of the training, of `demand` alone."""
    manifest = model.manifest or {}
    before = {name: manifest["files"][name]["sha256"] for name in _learned(model)}
    files = {name: before.get(name) == made.files.get(name) for name in {**before, **made.files}}
    weights = list(_other_weights(manifest, questions or {}))
    same = all(files.values()) and not weights
    differs = [] if same else list(_differences(model, made, files, weights))
    return Reproduced(model.version, training, same, files, differs)


def _learned(model: Model) -> list[str]:
    """The version's files that hold what was learned: the others follow from these, or hold the same in another form."""
    files: Mapping[str, Any] = (model.manifest or {}).get("files", {})
    if model.recipe == "baseline":
        return [name for name in (WEIGHTS_FILE, SCALER_FILE) if name in files]
    return [name for name in files if name != CALIBRATION_FILE]


def _other_weights(manifest: Mapping[str, Any], questions: Mapping[str, Question]) -> Iterator[str]:
    """Questions whose trees or level weigh more or less than they did; without trees, they weigh nothing."""
    for name, question in questions.items():
        then = manifest["questions"].get(name, {}).get("boosting") or {}
        for key, whose in (("weight", "the trees"), ("level_weight", "what holds the blend back")):
            before, now = then.get(key, 0), (question.boosting or {}).get(key, 0)
            if before != now:
                yield f"the weight of {whose} of {name}: {now:g} in place of {before:g}"


def _differences(model: Model, made: Made, files: Mapping[str, bool], weights: list[str]) -> Iterator[str]:
    manifest = model.manifest or {}
    if others := [name for name, same in files.items() if not same]:
        yield f"not the same: {', '.join(others)}"
    yield from weights
    data = manifest["data"]
    same_data = data["digest"] == made.digest
    if not same_data:
        since = (
            "the feature table has gone on since, and baseline learns from all of it"
            if model.recipe == "baseline"
            else f"events from before {data['until']} have come since"
        )
        yield f"the data: {made.rows:,} rows in place of {data['rows']:,}, or other ones, by their digest: {since}"
    before, now = manifest["libraries"], made.libraries
    changed = [
        name for name in (*before, *(name for name in now if name not in before)) if before.get(name) != now.get(name)
    ]
    yield from (f"{name}: {now.get(name, 'none')} in place of {before.get(name, 'unknown')}" for name in changed)
    if same_data and not changed:
        yield "data, libraries and machine are the same, so the training is not deterministic here: please report it"


def _refuse_changed(model: Model, made_by: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    others = [key for key, value in made_by.items() if key not in ASKED_FOR and values.get(key) != value]
    if others:
        raise CommandFailed(
            f"the recipe {model.recipe} of this release has another {' and '.join(others)} than {model.version}"
        )


def _values(recipes: list[Recipe], name: str) -> Mapping[str, Any]:
    return next((recipe.values for recipe in recipes if recipe.name == name), {})
