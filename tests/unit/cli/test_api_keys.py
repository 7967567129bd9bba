"""`ordercast api-keys` before it asks the system."""

import pytest
from typer.testing import CliRunner

from ordercast.cli.api_keys import app


@pytest.mark.parametrize("days", ["0", "36501", "99999999", "99999999999999999999"])
def test_a_key_that_would_end_at_no_time_is_wrong_usage(days: str) -> None:
    result = CliRunner().invoke(app, ["create", "reader", "--scope", "events:read", "--days", days])
    assert result.exit_code == 2, result.output
    assert "'--days'" in result.output
