"""These tests run infra/compose.yaml with Docker, so `pytest --stack=containers` alone runs them."""

import os
import subprocess
from collections.abc import Iterator
from typing import Final

import pytest

from tests.support.compose import ComposeProject, compose_binary, compose_project

ENGINE_DEADLINE_S: Final = 20


@pytest.fixture(scope="session")
def compose(request: pytest.FixtureRequest) -> str:
    """The compose command, on a machine whose Docker engine answers."""
    if request.config.getoption("--stack") != "containers":
        pytest.skip("runs containers: --stack=containers")
    asked = subprocess.run(["docker", "version"], capture_output=True, timeout=ENGINE_DEADLINE_S, check=False)
    if asked.returncode:
        reason = f"no Docker engine answers: {asked.stderr.decode().strip()}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return compose_binary()


@pytest.fixture(scope="module")
def system(compose: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComposeProject]:
    """The whole system with one broker."""
    with compose_project(compose, tmp_path_factory.mktemp("compose") / "secrets") as project:
        project.up()
        yield project
