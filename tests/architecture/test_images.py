"""Each image has all the code that its service imports: what is not copied would be missed at its first start alone."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
IMAGES: Final = ROOT / "infra" / "images"
SERVICES: Final = ("order_api", "feature_worker", "trainer", "predictor", "console")


def copied(service: str) -> set[Path]:
    """The modules that the service's image has, from the Dockerfile's COPY lines."""
    dockerfile = (IMAGES / "Dockerfile").read_text("utf-8")
    stage = re.search(rf"^FROM build AS {service.replace('_', '-')}-build\n(.*?)^FROM", dockerfile, re.M | re.S)
    assert stage
    sources = re.findall(r"^COPY (\S+) ordercast/", stage[1], re.MULTILINE)
    found = [path for source in sources for path in ROOT.glob(source)]
    return {module for path in found for module in ([path] if path.is_file() else path.rglob("*.py"))}


def imported(module: Path) -> Iterator[Path]:
    """The modules of this project that one imports, also within its functions."""
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (found for alias in node.names if (found := _file_of(alias.name)))
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                if found := _file_of(f"{node.module}.{alias.name}") or _file_of(node.module):
                    yield found


def _file_of(name: str) -> Path | None:
    root, *parts = name.split(".")
    if root != "ordercast":
        return None
    base = ROOT if parts and parts[0] in ("services", "infra") else ROOT / "ordercast"
    path = base.joinpath(*parts)
    files = (path.with_suffix(".py") if parts else path, path / "__init__.py")
    return next((file for file in files if file.is_file()), None)


@pytest.mark.parametrize("service", SERVICES)
def test_all_that_a_service_imports_is_copied_into_its_image(service: str) -> None:
    there = copied(service)
    assert len(there) > 20
    missing = {str(found.relative_to(ROOT)) for module in there for found in imported(module)} - {
        str(module.relative_to(ROOT)) for module in there
    }
    assert missing == set()


def test_what_is_copied_is_sent_to_the_engine() -> None:
    sent = [line[1:] for line in (IMAGES / "Dockerfile.dockerignore").read_text("utf-8").splitlines() if line[0] == "!"]
    sources = re.findall(r"^COPY (?!--from)((?:\S+ )+)\S+$", (IMAGES / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    for source in (one for line in sources for one in line.split() if not one.startswith("--")):
        assert any(source == one or source.startswith(f"{one}/") for one in sent), source
