"""A simulated shop goes in, `train --recipe demand` learns from it, and `forecast` says what will be ordered."""

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from ordercast.client.follow_training import until_served
from ordercast.sample.market.make_market import make_market
from ordercast.sample.market.post_market import post_market
from ordercast.sample.market.simulate import simulate
from ordercast.verify import verify
from tests.integration.cli.conftest import Running
from tests.integration.cli.shown_commands import run_page, token_of

# Of a market that no other test of this system sends.
SEED = 15
PRODUCTS = 24


@pytest.fixture(scope="module")
async def trained(running: Running) -> dict[str, Any]:
    """What `ordercast train --recipe demand --json` answered on a small shop's year; its version is served."""
    until = datetime.now(UTC).date() - timedelta(days=1)
    await post_market(running.admin, simulate(make_market(SEED, until, accounts=120, products=PRODUCTS)))
    await verify(running.database_url, running.bootstrap)  # the worker has caught up
    options = ("--members", "2", "--epochs", "2", "--seed", "3", "--publish", "always", "--json")
    result = await running.run("train", "--recipe", "demand", *options)
    assert result.exit_code == 0, result.output
    training: dict[str, Any] = json.loads(result.stdout)
    await until_served(running.admin.predictor, training["model_version"], "demand")
    return training


async def test_what_is_expected_most_stands_first(running: Running, trained: dict[str, Any]) -> None:
    result = await running.run("forecast", "--weeks", "2", "--limit", "5", "--json")
    assert result.exit_code == 0, result.output
    forecasts = json.loads(result.stdout)
    expected = [forecast["expected"] for forecast in forecasts]
    assert len(expected) == 5
    assert expected == sorted(expected, reverse=True)
    shown = await running.run("forecast", "--weeks", "2", "--limit", "5")
    assert [line.split()[0] for line in shown.stdout.splitlines()[1:6]] == [forecast["sku"] for forecast in forecasts]


async def test_one_product_is_asked_by_its_sku(running: Running, trained: dict[str, Any]) -> None:
    result = await running.run("forecast", "--product", f"market-{SEED}-003", "--weeks", "8", "--json")
    assert result.exit_code == 0, result.output
    [forecast] = json.loads(result.stdout)
    assert (forecast["sku"], len(forecast["weeks"])) == (f"market-{SEED}-003", 8)
    unknown = await running.run("forecast", "--product", "no such thing")
    assert unknown.exit_code == 1
    assert "no such" in unknown.output


async def test_predict_says_the_same_of_a_product(running: Running, trained: dict[str, Any]) -> None:
    command = ("--product", f"market-{SEED}-003", "--product", f"market-{SEED}-001", "--weeks", "2")
    predicted = await running.run("predict", *command, "--json")
    forecast = await running.run("forecast", *command, "--json")
    assert predicted.exit_code == 0, predicted.output
    assert json.loads(predicted.stdout) == json.loads(forecast.stdout)
    assert (await running.run("predict", *command)).stdout == (await running.run("forecast", *command)).stdout


async def _of_many_products(running: Running) -> int:
    """An account of which at least three products are known."""
    async for order in running.admin.order_api.orders():
        if len((await running.admin.predictor.account_demand(order.account_id, limit=3)).data) == 3:
            return order.account_id
    raise AssertionError("no account has three products")


async def test_an_accounts_products_are_shown_by_probability_and_each_pair_with_its_reasons(
    running: Running, trained: dict[str, Any]
) -> None:
    account = await _of_many_products(running)
    result = await running.run("predict", "--account", str(account), "--limit", "3", "--json")
    assert result.exit_code == 0, result.output
    listed = json.loads(result.stdout)
    probabilities = [one["order_probability"] for one in listed["data"]]
    assert (probabilities, len(probabilities)) == (sorted(probabilities, reverse=True), 3)
    shown = (await running.run("predict", "--account", str(account), "--limit", "3")).stdout
    assert trained["model_version"] in shown
    assert all(one["sku"] in shown for one in listed["data"])

    pairs = [f"{account}/{one['product_id']}" for one in listed["data"][:2]]
    options = [option for pair in pairs for option in ("--pair", pair)]
    answered = json.loads((await running.run("predict", *options, "--json")).stdout)
    assert [one["order_probability"] for one in answered["data"]] == probabilities[:2]
    shown = (await running.run("predict", *options)).stdout
    for pair, one in zip(pairs, answered["data"], strict=True):
        assert f"{one['order_probability']:.1%}" in shown
        assert f"{one['interval']['low']:,} to {one['interval']['high']:,}" in shown
        [why] = [line for line in shown.splitlines() if line.startswith(f"why {pair}: ")]
        assert all(f"{reason['feature']} {reason['effect']:+,.2f}" in why for reason in one["why"])
        assert len(one["why"]) == 3


async def test_what_does_not_exist_is_said(running: Running, trained: dict[str, Any]) -> None:
    for options, reason in (
        (("--pair", "1/999999"), "there is no product 999999"),
        (("--pair", "999999/1"), "account 999999 is not yours or does not exist"),
        (("--account", "999999"), "account 999999 is not yours or does not exist"),
        (("--product", "no such thing"), "no such"),
    ):
        result = await running.run("predict", *options)
        assert (result.exit_code, result.stdout) == (1, "")
        assert reason in result.output


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
async def test_a_file_has_all_products(running: Running, trained: dict[str, Any], tmp_path: Path, ending: str) -> None:
    out = tmp_path / "new" / f"stock.{ending}"
    result = await running.run("forecast", "--out", str(out), "--weeks", "1")
    assert result.exit_code == 0, result.output
    if ending == "csv":
        with out.open(newline="") as file:
            rows: list[Any] = list(csv.reader(file))
    else:
        rows = CalamineWorkbook.from_path(out).get_sheet_by_index(0).to_python()
    head, *products = rows
    assert head[:5] == ["product_id", "sku", "name", "expected", "stock"]
    assert head[-5:] == ["outside_because", "level", "service_level", "as_of", "model_version"]
    assert head[5].startswith("expected_20")
    assert len([row for row in products if row[1].startswith(f"market-{SEED}-")]) >= PRODUCTS - 2


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--out", "stock.doc"), "stock.doc has no ending that says its format"),
        (("--out", "a.csv", "--product", "x"), "--product and --out do not go together"),
        (("--level", "0.999"), "level"),
        (("--as-of", "2999-01-01"), "lies in the future"),
    ],
)
async def test_what_cannot_be_asked_is_said(
    running: Running, trained: dict[str, Any], arguments: tuple[str, ...], reason: str
) -> None:
    result = await running.run("forecast", *arguments)
    assert result.exit_code == 1
    assert reason in result.output


async def test_every_command_of_the_page_about_predictions_works(
    running: Running, trained: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for trainings, which are made here and in test_train_and_predict.py, of a few epochs."""
    monkeypatch.chdir(tmp_path)
    trained_too = await running.run("train", "--members", "1", "--epochs", "1", "--json")
    await until_served(running.admin.predictor, json.loads(trained_too.stdout)["model_version"])
    account, version = await _of_many_products(running), trained["model_version"]
    first, second, *_ = (await running.admin.predictor.account_demand(account, limit=2)).data
    others = {
        "ordercast train --recipe demand    ": "",
        "ordercast train --recipe demand --horizon-days 7 --until 2011-11-07": "",
        "ordercast models reproduce VERSION": "",
        "VERSION": version,
        "models diff A B": f"models diff {version} {version}",
        "2011-11-07": str(datetime.now(UTC).date() - timedelta(days=10)),
        "7/70": f"{account}/{first.product_id}",
        '"account_id": 7, "product_id": 70': f'"account_id": {account}, "product_id": {first.product_id}',
        '"account_id": 7, "product_id": 71': f'"account_id": {account}, "product_id": {second.product_id}',
        "--account 7": f"--account {account}",
        "/accounts/7/": f"/accounts/{account}/",
        "/products/70": f"/products/{first.product_id}",
        "SKU": f"market-{SEED}-003",
    }
    try:
        said = await run_page("docs/predictions.md", running, instead=others, token=await token_of(running))
    finally:
        await running.run("models", "unpin", "--recipe", "demand")
    assert len(said) > 15
    assert Path("stock.xlsx").exists()
    assert Path("card.html").exists()
