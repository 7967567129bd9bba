"""`ordercast import` before it reads anything."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from ordercast.cli.import_ import app, rejects_of


def test_refused_rows_are_never_written_over_the_file_that_they_come_from(tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text("order_ref\n1\n")
    result = CliRunner().invoke(app, ["orders", str(file), "--rejects", str(tmp_path / "." / "orders.csv")])
    assert (result.exit_code, file.read_text()) == (1, "order_ref\n1\n")
    assert "--rejects is the file itself" in result.stderr


@pytest.mark.parametrize("name", ["orders.csv", "orders.csv.gz", "orders.csv.zip", "orders.gz"])
def test_refused_rows_are_called_by_the_file_and_never_packed(name: str) -> None:
    assert rejects_of(Path("elsewhere") / name) == Path("out/rejects_orders.csv")


def test_refused_rows_of_a_workbook_are_not_those_of_a_text_file() -> None:
    assert rejects_of(Path("orders.xlsx")) == Path("out/rejects_orders.xlsx.csv")
