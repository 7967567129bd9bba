"""`train` follows a training to its end, and `predict` asks the version that came of it."""

import asyncio
import json
import re
import signal
import sys
from decimal import Decimal
from pathlib import Path
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
    worth = trained["judgement"]
    assert {(p["quality"], p["collapsed_members"]) for p in answer["data"]} == {
        (worth["quality"], worth["collapsed_members"])
    }
    assert f"model {trained['model_version']}, {worth['quality']}" in shown.stdout


async def test_what_the_readme_asks_for_is_predicted(running: Running, trained: dict[str, Any]) -> None:
    readme = (Path(__file__).parents[3] / "README.md").read_text()
    commands = re.findall(r"`ordercast (predict [^`]+)`", readme)
    assert "predict --pair 2/7" in commands
    for command in commands:
        result = await running.run(*command.split())
        assert result.exit_code == 0, f"{command}\n{result.output}"


async def test_a_pair_is_predicted_from_its_feature_row(
    running: Running, posted: PostedSample, trained: dict[str, Any]
) -> None:
    account, product = posted.account_ids[0], posted.product_ids[0]
    unseen = await running.admin.order_api.create_product("unseen", "Unseen", Decimal(1), "USD")
    pairs = ("--pair", f"{account}/{product}", "--pair", f"{account}/{unseen.id}")
    result = await running.run("predict", "--recipe", "baseline", *pairs, "--json")
    known, unknown = json.loads(result.stdout)["data"]
    features = await running.admin.predictor.features(account, product)
    assert (known["view_count"], known["has_features"]) == (features.view_count, True)
    assert (unknown["view_count"], unknown["has_features"]) == (0, False)


async def test_an_account_or_a_product_that_does_not_exist_is_no_pair_without_views(
    running: Running, posted: PostedSample, trained: dict[str, Any]
) -> None:
    account, product = posted.account_ids[0], posted.product_ids[0]
    for pair, says in (
        (f"{account}/999999", "there is no product 999999"),
        (f"999999/{product}", "there is no account 999999"),
    ):
        options = ("--recipe", "baseline", "--pair", f"{account}/{product}", "--pair", pair)
        result = await running.run("predict", *options)
        assert (result.exit_code, result.stdout) == (1, "")
        assert says in result.stderr


async def test_a_version_is_listed_shown_pinned_and_unpinned(running: Running, trained: dict[str, Any]) -> None:
    version, worth = trained["model_version"], trained["judgement"]
    listed = await running.run("models", "list")
    assert (listed.exit_code, version in listed.stdout, worth["quality"] in listed.stdout) == (0, True, True)
    shown = await running.run("models", "show", version)
    assert worth["reason"] in shown.stdout
    try:
        pinned = await running.run("models", "pin", "--json")
        assert json.loads(pinned.stdout).items() >= {"version": version, "pinned": True}.items()
        assert f"{version} (baseline, " in (await running.run("models", "show", version)).stdout
        assert "current, pinned" in (await running.run("models", "list")).stdout
        later = await running.run("train", "--members", "1", "--epochs", "1")
        assert f"it waits as a challenger: {version} is pinned" in later.stdout
    finally:
        unpinned = await running.run("models", "unpin")
    challenger = later.stdout.split(",")[0].removeprefix("model ")
    assert f"{version} is pinned no more; {challenger} is served" in unpinned.stdout
    assert "no version was pinned" in (await running.run("models", "unpin")).stdout
    unknown = await running.run("models", "activate", "v20200101T000000-00000000")
    assert (unknown.exit_code, "Traceback" in unknown.output) == (1, False)


async def test_a_version_comes_out_the_same_again_or_it_is_said_what_differs(
    running: Running, posted: PostedSample, trained: dict[str, Any]
) -> None:
    version, rows = trained["model_version"], trained["made"]["rows"]
    served = await running.anonymous.predictor.current_model()
    again = await running.run("models", "reproduce", version, "--json")
    assert again.exit_code == 0, again.output
    found = json.loads(again.stdout)
    assert (found["same"], found["files"]) == (True, {"weights.safetensors": True, "scaler.json": True})
    assert f"{found['training']}" in (await running.run("trainings", "list")).stdout

    await running.admin.order_api.place_order([(posted.product_ids[0], 7)])
    await verify(running.database_url, running.bootstrap)
    later = await running.run("models", "reproduce", version)
    assert later.exit_code == 1, later.output
    assert f"the data: {rows + 1:,} rows in place of {rows:,}" in " ".join(later.stdout.split())
    assert "the feature table has gone on since" in " ".join(later.stdout.split())
    assert await running.anonymous.predictor.current_model() == served


async def test_trainings_are_listed_and_shown(running: Running, trained: dict[str, Any]) -> None:
    listed = await running.run("trainings", "list")
    line = next(line for line in listed.stdout.splitlines() if trained["id"] in line)
    assert all(
        part in line for part in ("succeeded", "2 of 2", trained["model_version"], trained["judgement"]["quality"])
    )
    shown = await running.run("trainings", "show", trained["id"])
    assert "2 members, 2 epochs, seed 3): succeeded, epoch 2 of 2" in shown.stdout
    assert trained["judgement"]["reason"] in shown.stdout
    unknown = await running.run("trainings", "show", "00000000-0000-0000-0000-000000000000")
    assert (unknown.exit_code, "there is no training" in unknown.stderr) == (1, True)


async def test_a_training_that_cannot_be_is_refused_with_its_field(running: Running, tmp_path: Path) -> None:
    unknown = await running.run("train", "--recipe", "cake")
    too_many = await running.run("train", "--members", "100000")
    assert (unknown.exit_code, too_many.exit_code) == (1, 1)
    assert "cake" in unknown.stderr
    assert "members" in too_many.stderr
    assert "Traceback" not in unknown.output + too_many.output
    recipe = tmp_path / "wide.toml"
    recipe.write_text('name = "wide"\n[pair]\nlayers = [1024]\n')
    too_wide = await running.run("train", "--recipe-file", str(recipe))
    assert too_wide.exit_code == 1
    assert "recipe.pair.layers must be a whole number from 1 to 512, not 1024" in " ".join(too_wide.stderr.split())


async def test_ctrl_c_says_that_the_training_goes_on_and_how_to_follow_and_to_cancel_it(
    running: Running, posted: PostedSample
) -> None:
    before = signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # the tests themselves may ignore it in the background
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "ordercast.cli", "train", "--members", "2", "--epochs", "10000"),
            *("--state", str(running.system.folder.root)),
            stderr=asyncio.subprocess.PIPE,
        )
    finally:
        signal.signal(signal.SIGINT, before)
    assert process.stderr is not None
    started = re.fullmatch(r"training (\S+)\n", (await process.stderr.readline()).decode())
    assert started
    process.send_signal(signal.SIGINT)
    said = (await process.stderr.read()).decode()
    assert await process.wait() == 130
    assert "goes on, and its model goes live when it succeeds" in said
    follow, cancel = re.findall(r"ordercast (trainings \w+ \S+)", said)

    cancelled = await running.run(*cancel.split(), "--json")
    assert cancelled.exit_code == 0, cancelled.output
    answer = json.loads(cancelled.stdout)
    assert (answer["id"], answer["status"]) == (started.group(1), "cancelled")
    followed = await running.run(*follow.split())
    assert (followed.exit_code, "the training was cancelled\n" in followed.stderr) == (1, True)


async def test_what_starts_no_training_takes_no_recipe_for_one(running: Running) -> None:
    unknown = "00000000-0000-0000-0000-000000000000"
    both = await running.run("train", "--follow", unknown, "--cancel", unknown)
    changed = await running.run("train", "--follow", unknown, "--epochs", "3")
    missing = await running.run("train", "--cancel", unknown)
    unfollowed = await running.run("trainings", "follow", unknown)
    assert (both.exit_code, changed.exit_code, missing.exit_code, unfollowed.exit_code) == (1, 1, 1, 1)
    assert "start no training" in both.stderr
    assert "start no training" in changed.stderr
    assert f"there is no training {unknown}" in missing.stderr
    assert f"there is no training {unknown}" in unfollowed.stderr
    assert f"training {unknown}" not in unfollowed.stderr.splitlines()
