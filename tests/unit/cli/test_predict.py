"""What `ordercast predict` refuses before it asks anybody."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from ordercast.cli.predict import app


@pytest.mark.parametrize("asked", [("--product", "MUG"), ("--pair", "2/7"), ("1000",)])
def test_a_limit_where_it_would_count_for_nothing_is_refused(tmp_path: Path, asked: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, [*asked, "--limit", "3", "--state", str(tmp_path / "state")])
    assert result.exit_code == 1
    assert "--limit goes with --account alone" in result.stderr


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (("--pair", "2/7", "--recipe", "baseline", "--as-of", "2026-01-01"), "baseline has no --as-of"),
        (("--pair", "2/7", "--recipe", "baseline", "--level", "0.9"), "baseline has no --level"),
        (("--pair", "2/7", "--weeks", "8"), "--weeks does not go with --pair"),
        (("--account", "2", "--recipe", "baseline"), "--recipe does not go with --account"),
        (("--product", "MUG", "--recipe", "demand"), "--recipe does not go with --product"),
        (("1000", "--level", "0.5"), "--level does not go with view counts"),
    ],
)
def test_so_is_each_other_option_that_would(tmp_path: Path, asked: tuple[str, ...], reason: str) -> None:
    """A past day that baseline does not know was left out without a word, and the answer was that of today."""
    result = CliRunner().invoke(app, [*asked, "--state", str(tmp_path / "state")])
    assert result.exit_code == 1
    assert reason in result.stderr
