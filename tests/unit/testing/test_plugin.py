"""The plugin in projects of other people: what chooses the stack, and what they are told when it cannot start."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

USES_IT = 'pytest_plugins = ["ordercast.testing.plugin"]\n'
TELLS_THE_STACK = "def test_stack(ordercast_stack):\n    print(f'stack={ordercast_stack}')\n"
NEEDS_A_SYSTEM = "def test_system(ordercast_system):\n    raise AssertionError('no system was expected')\n"

RunProject = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run_project(tmp_path: Path) -> RunProject:
    """`pytest -s ARGUMENTS` in a new project with that test, conftest.py and configuration.

    `alone` leaves out plugins that only happen to be installed here: they take most of the time that such a run takes.
    """

    def run(
        test: str, *arguments: str, conftest: str = USES_IT, ini: str = "", alone: bool = True, **variables: str
    ) -> "subprocess.CompletedProcess[str]":
        (tmp_path / "test_it.py").write_text(test)
        (tmp_path / "conftest.py").write_text(conftest)
        (tmp_path / "pytest.ini").write_text(
            f"[pytest]\nasyncio_default_fixture_loop_scope = function\nfilterwarnings = error\n{ini}"
        )
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("ORDERCAST_STACK", "COV_"))}
        if alone:
            arguments = ("-p", "pytest_asyncio.plugin", *arguments)
            clean["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-s", *arguments],
            cwd=tmp_path,
            env={**clean, **variables},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.mark.parametrize(
    ("arguments", "ini", "variables", "stack"),
    [
        ([], "", {}, "embedded"),
        ([], "ordercast_stack = containers", {}, "containers"),
        ([], "ordercast_stack = embedded", {"ORDERCAST_STACK": "containers"}, "containers"),
        (["--ordercast-stack=embedded"], "", {"ORDERCAST_STACK": "containers"}, "embedded"),
    ],
)
def test_the_stack_is_that_of_the_command_line_else_the_environment_else_the_configuration(
    run_project: RunProject, arguments: list[str], ini: str, variables: dict[str, str], stack: str
) -> None:
    ran = run_project(TELLS_THE_STACK, *arguments, ini=ini, **variables)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"stack={stack}" in ran.stdout
    assert f"ordercast: {stack}" in ran.stdout


def test_a_stack_that_is_not_known_is_an_error_before_anything_starts(run_project: RunProject) -> None:
    ran = run_project(TELLS_THE_STACK, ORDERCAST_STACK="cloud")
    assert ran.returncode == pytest.ExitCode.USAGE_ERROR
    assert "there is no Ordercast stack 'cloud'; known are embedded and containers" in ran.stderr


def test_without_an_engine_one_line_says_so(run_project: RunProject, tmp_path: Path) -> None:
    nowhere = f"unix://{tmp_path / 'no.sock'}"
    ran = run_project(NEEDS_A_SYSTEM, "--ordercast-stack=containers", alone=False, DOCKER_HOST=nowhere)
    assert ran.returncode == pytest.ExitCode.TESTS_FAILED
    assert "Ordercast does not start: no Docker engine answers" in ran.stdout
    assert "DOCKER_HOST" in ran.stdout
    assert "Traceback" not in ran.stdout
    assert "another exception" not in ran.stdout


def test_a_project_that_does_not_ask_for_it_loads_nothing_of_it(run_project: RunProject) -> None:
    loaded = (
        "import sys\n\ndef test_loaded():\n    assert [name for name in sys.modules if 'ordercast' in name] == []\n"
    )
    ran = run_project(loaded, conftest="", alone=False)
    assert ran.returncode == 0, ran.stdout
