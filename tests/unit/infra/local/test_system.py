"""The newest migration is told from the files' names, without Alembic."""

import socket
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from typer.testing import CliRunner

from ordercast.cli import app
from ordercast.infra.local.ports import BASES, HOST
from ordercast.infra.local.system import newest_revision
from ordercast.infra.migrations.upgrade import alembic_config


def test_it_is_the_head_that_alembic_finds() -> None:
    assert newest_revision() == ScriptDirectory.from_config(alembic_config("")).get_current_head()


@pytest.mark.parametrize("command", ["up", "demo"])
def test_where_the_ports_are_taken_no_empty_folder_is_left(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket() as server:
        server.bind((HOST, 0))
        server.listen()
        monkeypatch.setitem(BASES, "trainer", server.getsockname()[1])
        result = CliRunner().invoke(app, [command])
    assert result.exit_code == 1
    assert "trainer" in result.stderr
    assert list(tmp_path.iterdir()) == []
