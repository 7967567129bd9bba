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

PRODUCTS = 24


@pytest.fixture(scope="module")
async def trained(running: Running) -> dict[str, Any]:
    """What `ordercast train --recipe demand --json` answered on a small shop's year; its version is served."""
    until = datetime.now(UTC).date() - timedelta(days=1)
    await post_market(running.admin, simulate(make_market(5, until, accounts=120, products=PRODUCTS)))
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
    result = await running.run("forecast", "--product", "market-5-003", "--weeks", "8", "--json")
    assert result.exit_code == 0, result.output
    [forecast] = json.loads(result.stdout)
    assert (forecast["sku"], len(forecast["weeks"])) == ("market-5-003", 8)
    unknown = await running.run("forecast", "--product", "no such thing")
    assert unknown.exit_code == 1
    assert "no such" in unknown.output


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
    assert head[:4] == ["product_id", "sku", "expected", "stock"]
    assert head[4].startswith("expected_20")
    assert len([row for row in products if row[1].startswith("market-5-")]) >= PRODUCTS - 2


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
