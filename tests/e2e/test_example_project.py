"""The example project's own tests, run as its developer runs them: in its own folder, with its own configuration."""

import asyncio
import os
import shutil
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[1] / "example_project"


@pytest.mark.timeout(900)  # a whole system, started for it alone, and a training
async def test_the_example_projects_own_tests_pass(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    project = shutil.copytree(EXAMPLE, tmp_path / "loyalty")
    stack = pytestconfig.getoption("--stack")
    own_environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    pytest_run = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "pytest", f"--ordercast-stack={stack}", f"--basetemp={tmp_path / 'base'}"),
        cwd=project,
        env=own_environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await pytest_run.communicate()
    assert pytest_run.returncode == 0, output.decode()
    assert "6 passed" in output.decode().splitlines()[-1]
    assert f"ordercast: {stack}" in output.decode()
