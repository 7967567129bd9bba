"""`ordercast import` before it reads anything."""

from pathlib import Path

from typer.testing import CliRunner

from ordercast.cli.import_ import app


def test_refused_rows_are_never_written_over_the_file_that_they_come_from(tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text("order_ref\n1\n")
    result = CliRunner().invoke(app, ["orders", str(file), "--rejects", str(tmp_path / "." / "orders.csv")])
    assert (result.exit_code, file.read_text()) == (1, "order_ref\n1\n")
    assert "--rejects is the file itself" in result.stderr
