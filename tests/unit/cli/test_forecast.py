"""What `ordercast forecast` refuses before it asks anybody, and products that are named twice."""

import csv
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.table import Table
from typer.testing import CliRunner

from ordercast.cli import app
from ordercast.cli.forecast_table import Asked, of_products, table
from ordercast.client import Client
from ordercast.client.demand_answers import Forecast, Forecasts, ForecastWeek
from ordercast.contracts.because import sentence


def refused(tmp_path: Path, *arguments: str) -> str:
    result = CliRunner().invoke(app, ["forecast", *arguments, "--state", str(tmp_path / "state")])
    assert result.exit_code == 1
    return " ".join(result.stderr.split())


@pytest.mark.parametrize("arguments", [("--out", "stock.csv"), ("--product", "MUG")])
def test_a_limit_where_it_would_count_for_nothing_is_refused(tmp_path: Path, arguments: tuple[str, str]) -> None:
    assert "--limit is for the table" in refused(tmp_path, *arguments, "--limit", "3")


def test_a_folder_is_no_file_to_write_to(tmp_path: Path) -> None:
    for folder in (tmp_path / "plain", tmp_path / "named.csv"):
        folder.mkdir()
        assert f"{folder} is a folder" in refused(tmp_path, "--out", str(folder))


def test_a_file_is_no_folder_to_write_into(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    out = tmp_path / "taken" / "new" / "stock.csv"
    assert f"{out} cannot be written: Not a directory" in refused(tmp_path, "--out", str(out))


@pytest.mark.parametrize(("level", "said"), [(0.95, "95%"), (0.975, "97.5%"), (0.57, "57%")])
def test_the_level_of_a_stock_is_said_as_it_was_asked(level: float, said: str) -> None:
    forecast = Forecast(
        1, "MUG", 2.0, 5, [ForecastWeek(date(2026, 1, 1), 2.0, 0, 5)], extrapolates=False, extrapolates_because=[]
    )
    shown = table([forecast], Asked(1, 0.9, level, None))
    assert isinstance(shown, Table)
    assert [column.header for column in shown.columns][2] == f"stock for {said}"


async def test_a_product_that_is_named_twice_is_asked_for_once() -> None:
    asked_for: list[int] = []

    async def product_by_sku(sku: str) -> Any:
        return SimpleNamespace(id={"MUG": 7, "TEA": 3}[sku])

    async def forecasts_of(product_ids: Any, **_: Any) -> Any:
        asked_for.extend(product_ids)
        return SimpleNamespace(data=[])

    admin = SimpleNamespace(
        order_api=SimpleNamespace(product_by_sku=product_by_sku), predictor=SimpleNamespace(forecasts_of=forecasts_of)
    )
    await of_products(cast("Client", admin), ["MUG", "TEA", "MUG"], Asked(4, 0.9, 0.95, None))
    assert asked_for == [7, 3]


def written(asked: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """The rows of the file that the command writes of a predictor that answers so."""

    async def products() -> AsyncIterator[Any]:
        yield SimpleNamespace(id=7, name="Mug, red")

    @asynccontextmanager
    async def open_access(*_: Any, **__: Any) -> AsyncIterator[Any]:
        order_api, predictor = SimpleNamespace(products=products), SimpleNamespace(forecasts=asked)
        yield SimpleNamespace(admin=SimpleNamespace(order_api=order_api, predictor=predictor))

    monkeypatch.setattr("ordercast.cli.forecast.open_access", open_access)
    out = tmp_path / "stock.csv"
    result = CliRunner().invoke(app, ["forecast", "--out", str(out), "--against", "http://127.0.0.1:1"])
    assert result.exit_code == 0, result.output
    with out.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_file_says_of_each_product_what_its_numbers_hold_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    week = ForecastWeek(date(2026, 3, 2), 1.5, 0, 4)
    forecasts = [
        Forecast(7, "MUG", 1.5, 4, [week], extrapolates=False, extrapolates_because=[]),
        Forecast(8, "TEA", 1.5, 4, [week], extrapolates=True, extrapolates_because=["no orders yet", "no views yet"]),
    ]
    page = Forecasts(forecasts, False, 0.9, 0.98, "v1", datetime(2026, 3, 1, tzinfo=UTC), date(2026, 3, 1))

    async def asked(**_: Any) -> Forecasts:
        return page

    mug, tea = written(asked, tmp_path, monkeypatch)
    assert (mug["name"], mug["outside_because"], tea["name"]) == ("Mug, red", "", "")
    assert tea["outside_because"] == "no orders yet; no views yet"
    assert [mug[name] for name in ("level", "service_level", "as_of", "model_version")] == [
        "0.900",
        "0.980",
        "2026-03-01",
        "v1",
    ]


def test_a_file_has_each_product_once_the_most_expected_first_whatever_is_ordered_between_its_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    week, expected = ForecastWeek(date(2026, 3, 2), 1.5, 0, 4), {7: 3.0, 8: 2.0, 9: 1.0}

    async def asked(*, sort: str, known: bool, starting_after: int | None, **_: Any) -> Forecasts:
        """Pages of one product. Once the first was read, the last product sells most."""
        in_order = sorted(expected, key=lambda each: each if sort == "id" else -expected[each])
        place = in_order.index(starting_after) + 1 if starting_after else 0
        shown = Forecast(
            in_order[place], f"P{in_order[place]}", expected[in_order[place]], 4, [week], False, extrapolates_because=[]
        )
        expected[9] = 9.0
        more = place + 1 < len(in_order)
        assert known
        return Forecasts([shown], more, 0.9, 0.98, "v1", datetime(2026, 3, 1, tzinfo=UTC), date(2026, 3, 1))

    assert [row["sku"] for row in written(asked, tmp_path, monkeypatch)] == ["P9", "P7", "P8"]


@pytest.mark.parametrize(
    ("of_mug", "of_tea", "told"),
    [
        (["no order for 7 days"], ["no order for 7 days", "new"], " (no order for 7 days)"),
        (["new"], ["old"], ""),
        ([], ["old"], ""),
    ],
)
def test_a_table_says_what_all_its_products_are_outside_by(of_mug: list[str], of_tea: list[str], told: str) -> None:
    week = ForecastWeek(date(2026, 3, 2), 1.5, 0, 4)
    forecasts = [
        Forecast(place, sku, 1.5, 4, [week], extrapolates=bool(reasons), extrapolates_because=reasons)
        for place, (sku, reasons) in enumerate({"MUG": of_mug, "TEA": of_tea}.items())
    ]
    shown = table(forecasts, Asked(4, 0.9, 0.95, None))
    assert isinstance(shown, Table)
    assert shown.caption == f"* outside of what was learned from{told}; --json says why"


def test_a_table_says_by_which_option_a_history_that_has_ended_is_asked() -> None:
    week, ended = ForecastWeek(date(2026, 3, 2), 1.5, 0, 4), sentence("shop-rests", days=90)
    forecast = Forecast(
        1, "MUG", 1.5, 4, [week], extrapolates=True, extrapolates_because=[ended], beyond=[ended.because]
    )
    shown = table([forecast], Asked(4, 0.9, 0.95, None))
    assert isinstance(shown, Table)
    assert shown.caption == "* outside of what was learned from; --as-of asks for an earlier day; --json says why"
