"""`ordercast accounts`: where what is kept of a person goes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from ordercast.cli.accounts import app


def test_what_is_kept_of_a_person_goes_where_git_does_not_look_and_nobody_else_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def export_account(_: int) -> AsyncIterator[bytes]:
        yield b'{"kind": "account", "row": {}}\n'
        yield b'{"kind": "end", "rows": 1}\n'

    @asynccontextmanager
    async def open_access(_: Any) -> AsyncIterator[Any]:
        yield SimpleNamespace(admin=SimpleNamespace(order_api=SimpleNamespace(export_account=export_account)))

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ordercast.cli.accounts.open_access", open_access)
    result = CliRunner().invoke(app, ["export", "7", "--against", "http://127.0.0.1:1"])
    assert result.exit_code == 0, result.output
    written = tmp_path / "out/account-7.ndjson"
    assert (written.stat().st_mode & 0o777, "account" in written.read_text()) == (0o600, True)
    ignored = (Path(__file__).parents[3] / ".gitignore").read_text().splitlines()
    assert "out/" in ignored
