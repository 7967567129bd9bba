"""`ordercast admin create` at a terminal, and roles as people write them."""

import subprocess
import sys
from typing import Any

import pytest
from typer.testing import CliRunner

from ordercast.cli.admin import Role, app

# Runs a command at a terminal of its own, whose keys come from standard input. The tests themselves may run in a background
# whose programs ignore Ctrl-C.
AT_A_TERMINAL = """
import os, pty, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))
"""
CREATE = ("admin", "create", "--email", "a@example.com", "--nickname", "a", "--against", "http://127.0.0.1:1")
END_DEADLINE_S = 30.0
DATABASE = {"ORDERCAST_DATABASE_URL": "postgresql+asyncpg://nobody@127.0.0.1:1/nothing", "PATH": "/usr/bin:/bin"}


def test_without_a_terminal_and_a_password_it_says_where_one_comes_from() -> None:
    command = (sys.executable, "-P", "-m", "ordercast.cli", *CREATE)
    ran = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=DATABASE, check=False)
    assert ran.returncode == 1
    assert ran.stderr.startswith("error: there is no password\n")
    assert "ORDERCAST_ADMIN_PASSWORD" in ran.stderr


def test_the_first_ctrl_c_at_the_question_for_the_password_ends_it() -> None:
    command = (sys.executable, "-c", AT_A_TERMINAL, sys.executable, "-P", "-m", "ordercast.cli", *CREATE)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, env=DATABASE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        said = b""
        while b"Password:" not in said:
            piece = process.stdout.read(4096)
            assert piece, said
            said += piece
        process.stdin.write(b"\x03")
        try:
            assert process.wait(END_DEADLINE_S) == 130
        finally:
            process.kill()


@pytest.mark.parametrize("written", ["OPERATOR", "operator"])
def test_a_role_may_be_written_in_small_letters(written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []

    async def change(_: Any, account_id: int, *, role: Role) -> None:
        given.append((account_id, role))

    monkeypatch.setattr("ordercast.cli.admin._change", change)
    result = CliRunner().invoke(app, ["role", "7", written])
    assert (result.exit_code, given) == (0, [(7, Role.OPERATOR)])
