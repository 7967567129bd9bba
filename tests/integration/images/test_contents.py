"""What is in the images, and what is not."""

import json
import re
import tomllib
from pathlib import Path
from typing import Final

import pytest

from tests.integration.images.containers import Image

ROOT: Final = Path(__file__).parents[3]
IMAGES: Final = ("order-api", "feature-worker", "trainer", "predictor", "console", "migrations")
SBOM_LABEL: Final = "org.ordercast.sbom"
COMPILERS: Final = ("cc", "gcc", "g++", "c++", "clang", "tcc", "ld", "as", "make")

pytestmark = pytest.mark.parametrize("image", IMAGES, indirect=True)


def test_the_user_is_a_number_and_not_root(image: Image) -> None:
    assert image.config()["User"] == "10001:10001"
    assert image.run("-u", entrypoint="id").output.strip() == "10001"


def test_the_user_can_change_nothing_of_the_program(image: Image) -> None:
    found = image.run("-c", "find /opt/ordercast ! -type l -writable", entrypoint="sh")
    assert (found.output, found.code) == ("", 0)


def test_there_is_no_compiler(image: Image) -> None:
    found = image.run("-c", f"for name in {' '.join(COMPILERS)}; do command -v $name; done; true", entrypoint="sh")
    assert (found.output, found.code) == ("", 0)


def test_only_the_trainer_has_tensorflow(image: Image) -> None:
    code = "from importlib.util import find_spec as f; print(*[n for n in ('tensorflow', 'keras', 'sklearn') if f(n)])"
    expected = ["tensorflow", "keras", "sklearn"] if "/trainer:" in image.name else []
    assert image.python(code).split() == expected


def test_only_the_code_of_its_own_service_is_there(image: Image) -> None:
    code = "import os, ordercast.services as s;print(*sorted(e.name for e in os.scandir(s.__path__[0]) if e.is_dir()))"
    service = image.name.partition("/")[2].partition(":")[0].replace("-", "_")
    found = set(image.python(code).split()) - {"__pycache__"}
    if service == "migrations":  # it knows the tables of all
        assert {"shared", "order_api", "trainer"} <= found
    else:
        assert found == {"shared", service}


def test_byte_code_is_there_already(image: Image) -> None:
    code = (
        "import importlib.util as u, os, ordercast.contracts.events as e;"
        "print(os.path.exists(u.cache_from_source(e.__file__)))"
    )
    assert image.python(code).strip() == "True"


def test_the_sbom_names_exactly_what_is_installed_in_the_locked_versions(image: Image) -> None:
    file = image.config()["Labels"][SBOM_LABEL]
    bom = json.loads(image.run(file, entrypoint="cat").output)
    assert bom["bomFormat"] == "CycloneDX"
    named = {_normal(component["name"]): component["version"] for component in bom["components"]}

    code = "import importlib.metadata as m, json; print(json.dumps([(d.name, d.version) for d in m.distributions()]))"
    installed = {_normal(name): version for name, version in json.loads(image.python(code))}
    installed.pop("ordercast")  # it is what the list is about, not a part of it
    assert named == installed

    lock = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))
    locked = {(package["name"], package["version"]) for package in lock["package"]}
    assert set(installed.items()) <= locked


def test_labels_tell_what_it_is(image: Image, version: str) -> None:
    labels = image.config()["Labels"]
    assert labels["org.opencontainers.image.version"] == version
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert labels["org.opencontainers.image.description"]
    assert re.fullmatch("[0-9a-f]{40}|unknown", labels["org.opencontainers.image.revision"])


def _normal(name: str) -> str:
    """As package indexes compare names."""
    return re.sub(r"[-_.]+", "-", name).lower()
