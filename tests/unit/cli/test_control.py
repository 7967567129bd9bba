"""`ordercast stop`, where the system's process does not end."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ordercast.cli import control
from ordercast.infra.local.state import ProcessRecord, StateFolder, SystemInfo


def test_a_supervisor_that_stays_after_the_stop_is_told_with_a_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "END_DEADLINE_S", 0.01)
    monkeypatch.setattr(control, "ask", lambda *_, **__: None)
    folder = StateFolder.at(tmp_path)
    folder.prepare()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stays:
        supervisor = ProcessRecord.of(stays.pid)
        assert supervisor is not None
        folder.write_system(
            SystemInfo(
                supervisor=supervisor,
                phase="stopping",
                folder=str(tmp_path),
                port_offset=0,
                ports={},
                urls={},
                database_url="",
                kafka_bootstrap="",
                partitions=1,
                token_private_key_file="",
                token_public_key_file="",
                artifacts_dir="",
                logs_dir=str(folder.logs),
                control_socket="",
                processes={},
            )
        )
        ran = CliRunner().invoke(control.stop_app, ["--state", str(tmp_path)])
        stays.communicate(b"\n")
    assert ran.exit_code == 1
    assert "still runs" in ran.stderr
    assert f"hint: look at {folder.logs}/supervisor.log, or end it with: kill {stays.pid}" in ran.stderr
