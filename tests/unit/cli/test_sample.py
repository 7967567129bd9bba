"""`ordercast sample` before it sends anything."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from ordercast.cli.sample import app


def test_what_is_true_of_a_market_has_a_place_before_anything_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @asynccontextmanager
    async def open_access(_: Any) -> AsyncIterator[Any]:
        yield SimpleNamespace(admin=None)  # sending anything to it would fail

    monkeypatch.setattr("ordercast.cli.sample.open_access", open_access)
    monkeypatch.setattr("ordercast.cli.options.Context.target", lambda _: None)
    (tmp_path / "out").write_text("a file")
    place = tmp_path / "out" / "market_1.json"
    result = CliRunner().invoke(app, ["--mode", "market", "--until", "2026-11-01", "--parameters", str(place)])
    assert (result.exit_code, result.stderr) == (1, f"error: {tmp_path / 'out'}: File exists\n")
