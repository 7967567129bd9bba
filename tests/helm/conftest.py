"""Helm for the tests of the chart, and the renderings that most of them look at."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from ordercast.infra.local.cache import cache_dir, exclusive
from tests.helm.chart import ROOT, Helm, Rendered, documented

HERE = Path(__file__).parent
# Building Helm takes some two minutes on two cores, once for each user (s).
BUILD_DEADLINE_S = 1_200
# What users start from; each has to hold all that is asked below.
VALUE_SETS = {"default": (), "small": ("values-small.yaml",), "large": ("values-large.yaml",)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first of these tests may have to wait for Helm to be built."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.timeout(BUILD_DEADLINE_S + 300))


@pytest.fixture(scope="session")
def helm() -> Helm:
    """Helm from PATH, else built from its Go module."""
    if found := shutil.which("helm"):
        return Helm(found)
    try:
        with exclusive(cache_dir() / "tools" / "helm.lock"):  # who comes second finds it built
            built = subprocess.run(
                [ROOT / "infra" / "tools" / "build", "helm"],
                capture_output=True,
                text=True,
                check=True,
                timeout=BUILD_DEADLINE_S,
            )
    except (OSError, subprocess.SubprocessError) as error:
        reason = f"no helm on PATH, and infra/tools/build cannot make it: {getattr(error, 'stderr', None) or error}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return Helm(built.stdout.strip())


@pytest.fixture(scope="session", params=VALUE_SETS)
def rendered(request: pytest.FixtureRequest, helm: Helm) -> Rendered:
    """The chart with its own values, those for one node, and those for several zones."""
    return helm.render(*VALUE_SETS[request.param])


@pytest.fixture(scope="session")
def secured(helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    """The same on a Kafka with users, by the values that README.md names."""
    values = tmp_path_factory.mktemp("helm") / "secured.yaml"
    values.write_text(yaml.safe_dump(documented("kafka")))
    return helm.render("values-large.yaml", str(values))


@pytest.fixture(scope="session")
def large(helm: Helm) -> Rendered:
    """The rendering with everything switched on."""
    return helm.render("values-large.yaml")
