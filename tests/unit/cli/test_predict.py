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
