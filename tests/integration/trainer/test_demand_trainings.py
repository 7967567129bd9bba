"""A training of `demand`, from activity in PostgreSQL to a published version, and what is answered where none can be made."""

import asyncio
import re
import tomllib
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec
import pandas as pd
import pytest
from sqlalchemy import insert, select
from structlog.testing import capture_logs

from ordercast.cli.reproduce import asked_again, compared
from ordercast.client.model_answers import Model
from ordercast.client.training_answers import Made, Question
from ordercast.contracts.demand_manifest import CALIBRATION_FILE, DemandManifest, decode_demand_manifest
from ordercast.contracts.model_manifest import MANIFEST_FILE
from ordercast.services.shared.db.features import PairActivity
from ordercast.services.shared.db.models import ModelVersion
from ordercast.services.trainer.errors import UnusableTrainingSet
from ordercast.services.trainer.jobs.ask_for_training import ask_for_training
from ordercast.services.trainer.jobs.lease import claim_next
from ordercast.services.trainer.jobs.sign_versions import signature_of
from ordercast.services.trainer.jobs.train_claimed import TrainerOptions, train_claimed
from ordercast.services.trainer.recipes import asked_training
from tests.integration.trainer.conftest import Workplace, eventually, start
from tests.support.market_shop import UNTIL, market_rows


async def add_shop(workplace: Workplace) -> None:
    """The simulated shop's year, as the worker keeps it."""
    keys = ["account_id", "product_id", "day", "known_on"]
    summed = pd.DataFrame(market_rows().columns).groupby(keys, as_index=False).sum()
    rows: list[dict[str, Any]] = summed.to_dict("records")  # type: ignore[assignment]
    for row in rows:
        row |= {name: date(1970, 1, 1) + timedelta(days=row[name]) for name in ("day", "known_on")}
        row["amount"] = Decimal(row["amount"]) / 10_000
    async with workplace.sessions() as session, session.begin():
        await session.execute(insert(PairActivity), rows)


def ended(training: dict[str, Any]) -> bool:
    return training["status"] in ("succeeded", "failed")


async def test_a_training_of_demand_is_judged_and_published(workplace: Workplace) -> None:
    await add_shop(workplace)
    until = date(2025, 12, 25)
    async with workplace.trainer() as client:
        asked = {"recipe": "demand", "members": 2, "epochs": 2, "seed": 1, "until": str(until), "publish": "always"}
        training = await eventually(client, await start(client, **asked), ended)

    assert (training["status"], training["error"]) == ("succeeded", None)
    assert (training["verdict"], training["horizon_days"], training["until"]) == ("published", 28, str(until))
    assert training["progress"] == {"epoch": 6, "epochs": 6, "events_behind": 0}
    assert set(training["questions"]) == {"pair", "line", "product"}
    assert training["collapsed_members"] == sum(
        question["collapsed_members"] for question in training["questions"].values()
    )
    assert [networks["question"] for networks in training["networks"]] == ["line", "pair", "product"]
    assert sum(len(networks["collapsed"]) for networks in training["networks"]) == training["collapsed_members"]
    [folder] = workplace.versions
    manifest = decode_demand_manifest((folder / MANIFEST_FILE).read_bytes())
    assert training["because"] == msgspec.to_builtins(manifest.because)
    assert (manifest.version, manifest.data.until) == (training["model_version"], until)
    async with workplace.sessions() as session:
        [version] = await session.scalars(select(ModelVersion))
    assert (version.version, version.recipe) == (manifest.version, "demand")


PAGE: Final = Path(__file__).parents[3] / "docs" / "predictions.md"


def recipe_of_the_page() -> dict[str, Any]:
    """The example of a written recipe in docs/predictions.md."""
    [example] = re.findall(r"(?m)^    name = .*\n(?:    .*\n|\n(?=    ))*", PAGE.read_text())
    return tomllib.loads(example)


def model_of(manifest: DemandManifest) -> Model:
    """As a predictor answers it."""
    plain = msgspec.json.decode(msgspec.json.encode(manifest))
    return Model(manifest.version, "demand", "current", None, manifest.created_at, None, manifest=plain)


async def test_the_pages_written_recipe_is_trained_stored_with_its_version_listed_and_made_again(
    workplace: Workplace,
) -> None:
    await add_shop(workplace)
    lean = recipe_of_the_page()
    async with workplace.trainer() as client:
        asked = await start(client, recipe=lean, members=2, epochs=2, seed=1, publish="always")
        training = await eventually(client, asked, ended)
        taken = await client.post("/trainings", json={"recipe": lean | {"learning_rate": 0.5}})
        recipes = {recipe["name"]: recipe for recipe in (await client.get("/recipes")).json()["data"]}
        [folder] = workplace.versions
        manifest = decode_demand_manifest((folder / MANIFEST_FILE).read_bytes())
        model = model_of(manifest)
        recipe, changes = asked_again(model, [])
        again = await eventually(client, await start(client, recipe=recipe, **changes), ended)
    questions = msgspec.convert(again["questions"], dict[str, Question])
    found = compared(model, again["id"], msgspec.convert(again["made"], Made), questions)

    assert (training["status"], training["error"]) == ("succeeded", None)
    assert (training["recipe"], training["verdict"], training["progress"]["epochs"]) == ("lean", "published", 6)
    assert manifest.settings is not None
    assert msgspec.json.decode(msgspec.json.encode(manifest.settings)) == training["settings"]
    pair = manifest.questions["pair"]
    assert (pair.features, pair.hidden, pair.members) == (("pair_orders", "pair_level", "pair_views_28"), (32,), 2)
    assert (manifest.horizon_days, manifest.settings.pair.losses["mean"]) == (7, 0.5)
    async with workplace.sessions() as session:
        [version] = await session.scalars(select(ModelVersion))
    assert version.recipe == "demand"
    assert version.manifest_signature == signature_of(
        workplace.signing_key, "demand", version.version, version.manifest_sha256
    )

    assert found.same, found.differs
    assert set(found.files) == set(manifest.files) - {CALIBRATION_FILE}
    assert again["verdict"] == "not published, as asked"

    assert taken.status_code == 422
    assert "'lean' was trained with another learning_rate" in taken.text
    assert list(recipes) == ["baseline", "demand", "lean"]
    assert [recipe["serves"] for recipe in recipes.values()] == ["baseline", "demand", "demand"]
    assert (recipes["lean"]["trainings"], recipes["lean"]["values"]) == (1, training["settings"])
    assert (recipes["demand"]["trainings"], recipes["demand"]["values"]["epochs"]) == (0, 8)


@pytest.mark.parametrize(
    ("body", "reason", "because"),
    [
        ({}, "there is no data to train on: nothing was ordered or viewed", {"code": "no-data", "values": {}}),
        (
            {"until": "1999-01-01"},
            "there is no data to train on: nothing was ordered or viewed before 1999-01-01",
            {"code": "no-data-before", "values": {"until": "1999-01-01"}},
        ),
    ],
)
async def test_a_shop_without_activity_has_a_training_that_says_so(
    workplace: Workplace, body: dict[str, Any], reason: str, because: dict[str, Any]
) -> None:
    async with workplace.trainer() as client:
        training = await eventually(client, await start(client, recipe="demand", **body), ended)
    assert (training["status"], training["error"], training["because"]) == ("failed", reason, because)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"recipe": "demand", "horizon_days": 13}, "horizon_days"),
        ({"recipe": "demand", "until": "yesterday"}, "until"),
        ({"recipe": "demand", "until": "2026-02-30"}, "until"),
        ({"recipe": "demand", "until": 20_000}, "until"),
        ({"recipe": "demand", "until": "1969-12-31"}, "until"),
        ({"recipe": "demand", "until": "9999-12-31"}, "until"),
        ({"recipe": "demand", "publish": "maybe"}, "publish"),
        ({"recipe": "baseline", "horizon_days": 28}, "horizon_days"),
        ({"recipe": {"name": "lean", "depth": 3}}, "recipe.depth"),
        ({"recipe": {"name": "lean", "pair": {"features": ["colour"]}}}, "recipe.pair.features"),
        ({"recipe": {}}, "recipe.name"),
        ({"recipe": {"name": "demand"}}, "recipe.name"),
        ({"recipe": {"name": "lean", "epochs": 10**30}}, "recipe.epochs"),
        ({"recipe": 5}, "recipe"),
        ({"recipe": "baseline", "until": str(UNTIL)}, "until"),
    ],
)
async def test_what_cannot_be_asked_is_refused_with_its_field(
    workplace: Workplace, body: dict[str, Any], field: str
) -> None:
    async with workplace.trainer() as client:
        answer = await client.post("/trainings", json=body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e999", "1" * 5_000, "[" * 20_000])
async def test_a_value_that_is_no_number_in_json_is_refused_too(workplace: Workplace, value: str) -> None:
    body = f'{{"recipe": {{"name": "lean", "learning_rate": {value}}}}}'
    async with workplace.trainer() as client:
        answer = await client.post("/trainings", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code in (400, 422), answer.json()["status"]) == (True, answer.status_code), answer.text


async def test_it_is_said_that_no_cluster_trains_it(workplace: Workplace) -> None:
    await ask_for_training(workplace.sessions, asked_training("demand"), None)
    lease = await claim_next(workplace.sessions, "this-trainer")
    assert lease is not None
    options = TrainerOptions(workplace.settings.artifacts_dir, "this-trainer", 1, "tcp://127.0.0.1:1")
    with capture_logs() as logs, pytest.raises(UnusableTrainingSet):
        await train_claimed(lease, workplace.sessions, options, asyncio.Event())
    assert [line["event"] for line in logs] == ["demand trains on this machine and not on the Dask cluster"]
