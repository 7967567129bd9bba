"""What the console carries of npm is what npm has."""

import hashlib
import json
from pathlib import Path
from typing import Final

from ordercast.services.console.texts import HERE

VENDOR: Final = HERE / "static" / "vendor"
# What npm calls otherwise than SPDX.
LICENCES: Final = {"BSD-0-Clause": "0BSD"}
LOCK: Final = json.loads((Path(__file__).parent / "npm" / "package-lock.json").read_text("utf-8"))["packages"]


def test_each_vendored_file_is_that_of_the_locked_package(npm_packages: Path) -> None:
    files = [file for file in VENDOR.glob("*/*") if file.is_file()]
    assert len(files) >= 2
    for file in files:
        package = npm_packages / file.parent.name
        [published] = [path for path in (package / file.name, package / "dist" / file.name) if path.is_file()]
        assert hashlib.sha256(file.read_bytes()).digest() == hashlib.sha256(published.read_bytes()).digest(), file


def test_the_list_of_vendored_packages_says_their_versions_and_licences() -> None:
    rows = [line.split() for line in (VENDOR / "packages.txt").read_text("utf-8").splitlines()[1:]]
    assert {name for name, _, _ in rows} == {path.name for path in VENDOR.iterdir() if path.is_dir()}
    for name, version, licence in rows:
        locked = LOCK[f"node_modules/{name}"]
        assert (version, licence) == (locked["version"], LICENCES.get(locked["license"], locked["license"]))
        assert (VENDOR / name / "LICENSE").is_file()
