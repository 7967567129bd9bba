"""`ordercast stop`, where the system's process does not end."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ordercast.cli import control
from ordercast.infra.local.state import ProcessRecord, StateFolder
from tests.support.system_info import system_info


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
        folder.write_system(system_info(folder, supervisor))
        ran = CliRunner().invoke(control.stop_app, ["--state", str(tmp_path)])
        stays.communicate(b"\n")
    assert ran.exit_code == 1
    assert "still runs" in ran.stderr
    assert f"hint: look at logs/supervisor.log, or end it with: kill {stays.pid}" in ran.stderr


# A parent that has a child end at the first line it reads, and never asks for it.
FORGETFUL_PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
print(child.pid, flush=True)
input()
child.stdin.write(b"\\n")
child.stdin.flush()
input()
"""


def test_a_supervisor_that_has_ended_is_gone_even_if_its_parent_never_asks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = StateFolder.at(tmp_path)
    folder.prepare()
    command = [sys.executable, "-c", FORGETFUL_PARENT]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        write = parent.stdin.write
        supervisor = ProcessRecord.of(int(parent.stdout.readline()))
        assert supervisor is not None
        folder.write_system(system_info(folder, supervisor))
        monkeypatch.setattr(control, "ask", lambda *_, **__: write(b"\n"))
        ran = CliRunner().invoke(control.stop_app, ["--state", str(tmp_path)])
        write(b"\n")
    assert ran.exit_code == 0, ran.stderr
