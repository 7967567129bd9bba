"""Two versions side by side."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console

from ordercast.cli.compare_models import side_by_side
from ordercast.client.compare_models import NotComparable, compare
from ordercast.client.model_answers import Model
from tests.support.demand_versions import demand_version
from tests.support.model_artifacts import write_model


def model(manifest: Any, recipe: str = "demand") -> Model:
    document = msgspec.json.decode(msgspec.json.encode(manifest))
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return Model(document["version"], recipe, "available", None, moment, None, manifest=document)


def shown(first: Model, second: Model, *, everything: bool = False) -> str:
    console = Console(width=200)
    with console.capture() as captured:
        console.print(side_by_side(compare(first, second), everything=everything))
    return captured.get()


def lean() -> Any:
    """Another version: a feature less, other data, better pairs, a network more that is dead."""
    manifest, _ = demand_version(seed=2)
    pair = manifest.questions["pair"]
    own, *others = pair.scores
    changed = msgspec.structs.replace(
        pair,
        features=pair.features[1:],
        collapsed_members=1,
        scores=(msgspec.structs.replace(own, deviance=4.0), *others),
    )
    data = msgspec.structs.replace(manifest.data, digest="1" * 64)
    return msgspec.structs.replace(manifest, questions={**manifest.questions, "pair": changed}, data=data)


def test_what_differs_is_found_by_section() -> None:
    first, second = model(demand_version()[0]), model(lean())
    compared = compare(first, second)
    assert {field.name: field.section for field in compared.fields if field.differs} == {
        "seed": "recipe",
        "questions.pair.features": "recipe",
        "data.digest": "data",
        "questions.pair.scores.networks.deviance": "scores",
        "questions.pair.collapsed_members": "collapsed",
    }
    assert compared.differing == 5
    lines = shown(first, second).splitlines()
    assert any("pair_known" in line and "of which only here" in line for line in lines)
    [deviance] = [line.split() for line in lines if "networks.deviance" in line]
    assert deviance[-3:] == ["5", "4", "-20.0%"]
    assert not any("horizon_days" in line for line in lines)
    assert any("horizon_days" in line for line in shown(first, second, everything=True).splitlines())


def test_a_version_beside_itself_differs_in_nothing() -> None:
    one = model(demand_version()[0])
    compared = compare(one, one)
    assert (compared.differing, len(compared.fields) > 50) == (0, True)
    assert "say the same in all" in shown(one, one)


def test_versions_of_the_baseline_are_compared_too(tmp_path: Path) -> None:
    first, second = (model(write_model(tmp_path, quantity=quantity).manifest, "baseline") for quantity in (1.0, 2.0))
    second.manifest["metrics"]["ensemble"]["mse"] = 99.0  # type: ignore[index]
    assert [field.name for field in compare(first, second).fields if field.differs] == ["metrics.ensemble.mse"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda model: msgspec.structs.replace(model, recipe="baseline"), "is of the recipe demand and .* of baseline"),
        (lambda model: msgspec.structs.replace(model, manifest=None), "gone or damaged"),
    ],
    ids=["another recipe", "no files"],
)
def test_what_cannot_be_compared_is_said(change: Callable[[Model], Model], reason: str) -> None:
    one = model(demand_version()[0])
    with pytest.raises(NotComparable, match=reason):
        compare(one, change(one))
