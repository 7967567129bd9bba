"""infra/images/build-offline where it is killed while an image is made: a stand-in mounts as mmdebstrap does."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import psutil
import pytest

BUILD: Final = Path(__file__).parents[4] / "infra" / "images" / "build-offline"
CONTAINED: Final = ("unshare", "--mount", "--pid", "--fork", "--mount-proc", "true")
DEADLINE_S: Final = 30.0
POLL_S: Final = 0.05

# The engine answers, and knows no image; apt has a source.
DOCKER: Final = """#!/bin/sh
[ "$1" = version ]
"""
APT_GET: Final = """#!/bin/sh
echo "deb http://127.0.0.1:1 bookworm main"
"""
MMDEBSTRAP: Final = """#!/bin/bash
set -e
root=$(mktemp -d -t mmdebstrap.XXXXXXXXXX)
mkdir "$root/shm"
mount --bind /dev/shm "$root/shm"
echo "$root" >"$TOLD.part"
mv "$TOLD.part" "$TOLD"
sleep 600
"""


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[Mapping[str, str]]:
    """With the stand-ins first in the path. A mount that was left goes, before somebody removes the folder with all below it."""
    if os.geteuid() or subprocess.run(CONTAINED, capture_output=True, check=False).returncode:
        missing = "needs root that may mount"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in {"docker": DOCKER, "apt-get": APT_GET, "mmdebstrap": MMDEBSTRAP}.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    folders = {name: str(tmp_path / name) for name in ("TMPDIR", "ORDERCAST_CACHE_DIR")}
    Path(folders["TMPDIR"]).mkdir()
    yield {**os.environ, **folders, "TOLD": str(tmp_path / "root"), "PATH": f"{programs}:{os.environ['PATH']}"}
    for mount in mounts_below(tmp_path):
        subprocess.run(["umount", "--lazy", mount], check=True)


def mounts_below(folder: Path) -> list[str]:
    """As this process sees them."""
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [mount for mount in mounts if Path(mount).is_relative_to(folder)]


def until_there(path: Path) -> str:
    """What is in the file, once it is there."""
    deadline = time.monotonic() + DEADLINE_S
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(POLL_S)
    return path.read_text().strip()


def test_a_killed_build_leaves_no_mount_and_no_process(environment: Mapping[str, str], tmp_path: Path) -> None:
    with subprocess.Popen([BUILD, "python"], env=environment, stderr=subprocess.DEVNULL) as build:
        root = Path(until_there(Path(environment["TOLD"])))
        started = psutil.Process(build.pid).children(recursive=True)
        assert len(started) >= 2
        assert not mounts_below(tmp_path)
        build.send_signal(signal.SIGKILL)
    gone, left = psutil.wait_procs(started, timeout=DEADLINE_S)
    assert (len(gone), left) == (len(started), [])
    assert not mounts_below(tmp_path)
    assert root.is_relative_to(environment["TMPDIR"])
    assert list((root / "shm").iterdir()) == []


def test_what_a_build_that_fails_has_made_goes_with_it(environment: Mapping[str, str], tmp_path: Path) -> None:
    stand_in = tmp_path / "bin" / "mmdebstrap"
    stand_in.write_text(MMDEBSTRAP.replace("sleep 600", "exit 25"))
    assert subprocess.run([BUILD, "python"], env=environment, capture_output=True, check=False).returncode
    assert not Path(Path(environment["TOLD"]).read_text().strip()).exists()
    assert list(Path(environment["TMPDIR"]).iterdir()) == []
