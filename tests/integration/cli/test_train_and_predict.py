"""`train` follows a training to its end, and `predict` asks the version that came of it."""

import json
from typing import Any

import pytest

from ordercast.client.follow_training import until_served
from ordercast.sample.make_sample import make_sample
from ordercast.sample.post_sample import PostedSample, post_sample
from ordercast.system.operator_account import sample_password
from ordercast.verify import verify
from tests.integration.cli.conftest import Running


@pytest.fixture(scope="module")
async def posted(running: Running) -> PostedSample:
    sample = make_sample("uniform", 9, orders=150)
    posted = await post_sample(
        running.anonymous, running.admin, sample, password=sample_password(running.system.folder)
    )
    await verify(running.database_url, running.bootstrap)  # the features have caught up
    return posted


@pytest.fixture(scope="module")
async def trained(running: Running, posted: PostedSample) -> dict[str, Any]:
    """What `ordercast train --json` answered for a small training, whose version is served now."""
    result = await running.run("train", "--members", "2", "--epochs", "2", "--seed", "3", "--json")
    assert result.exit_code == 0, result.output
    training: dict[str, Any] = json.loads(result.stdout)
    await until_served(running.admin.predictor, training["model_version"])
    return training


async def test_a_training_is_followed_to_its_end_and_judged(trained: dict[str, Any]) -> None:
    assert (trained["status"], trained["members"], trained["epochs"], trained["seed"]) == ("succeeded", 2, 2, 3)
    assert all(trained["metrics"][name]["mse"] > 0 for name in ("ensemble", "mean", "line"))


async def test_view_counts_are_predicted_by_the_new_version(running: Running, trained: dict[str, Any]) -> None:
    result = await running.run("predict", "0", "5000", "--json")
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert answer["model_version"] == trained["model_version"]
    assert [(p["view_count"], len(p["members"])) for p in answer["data"]] == [(0, 2), (5_000, 2)]
    assert answer["data"][0]["quantity"] == pytest.approx(sum(answer["data"][0]["members"]) / 2)
    shown = await running.run("predict", "5000")
    assert f"{answer['data'][1]['quantity']:.3f}" in shown.stdout


async def test_a_pair_is_predicted_from_its_feature_row(
    running: Running, posted: PostedSample, trained: dict[str, Any]
) -> None:
    account, product = posted.account_ids[0], posted.product_ids[0]
    result = await running.run("predict", "--pair", f"{account}/{product}", "--pair", f"{account}/999999", "--json")
    known, unknown = json.loads(result.stdout)["data"]
    features = await running.admin.predictor.features(account, product)
    assert (known["view_count"], known["has_features"]) == (features.view_count, True)
    assert (unknown["view_count"], unknown["has_features"]) == (0, False)


async def test_a_training_that_cannot_be_is_refused_with_its_field(running: Running) -> None:
    unknown = await running.run("train", "--recipe", "cake")
    too_many = await running.run("train", "--members", "100000")
    assert (unknown.exit_code, too_many.exit_code) == (1, 1)
    assert "cake" in unknown.stderr
    assert "members" in too_many.stderr
    assert "Traceback" not in unknown.output + too_many.output
