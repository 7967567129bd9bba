"""The services' images, as `make images` has made them. Run with the tests on containers: `make test-containers`."""

import os
import tomllib
from pathlib import Path
from typing import Final

import pytest

from ordercast.services.shared.http.token_keys import create_key_pair
from tests.integration.images.containers import Image

ROOT: Final = Path(__file__).parents[3]


@pytest.fixture(scope="session", autouse=True)
def _on_containers(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--stack") != "containers":
        pytest.skip("about the services' images: `make test-containers`")


@pytest.fixture(scope="session")
def version() -> str:
    """The version of the project, which is the tag of its images."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return os.environ.get("ORDERCAST_VERSION") or str(project["version"])


@pytest.fixture
def image(request: pytest.FixtureRequest, version: str) -> Image:
    """The image of the service that the test names, or is parametrized with."""
    return Image(f"{os.environ.get('ORDERCAST_IMAGES') or 'ordercast'}/{request.param}:{version}")


@pytest.fixture(scope="session")
def token_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both keys, which the user of the images may read."""
    folder = tmp_path_factory.mktemp("keys")
    create_key_pair(folder / "private.pem", folder / "public.pem")
    for path in (folder, *folder.iterdir()):
        path.chmod(0o755)
    return folder
