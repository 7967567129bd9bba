"""Packages of npm that tests use, as a lock file names them."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from ordercast.infra.local.kafka import java_environment

ROOT: Final = Path(__file__).parents[2]
INSTALL_DEADLINE_S: Final = 240.0


def run(*command: str, folder: Path, **variables: str) -> str:
    """What it prints; a failure shows all that it said."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=java_environment() | variables,
        capture_output=True,
        text=True,
        timeout=INSTALL_DEADLINE_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def node_folder() -> Path:
    """Of node and npm: the machine's own, or those of a wheel."""
    return Path(run(str(ROOT / "infra" / "tools" / "node"), folder=ROOT).strip())


def install_packages(locked: Path, folder: Path) -> Path:
    """The packages of the folder `locked`, in `folder`. Returns their place."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(locked / name, folder)
    node = node_folder()
    path = os.pathsep.join((str(node), os.environ["PATH"]))
    run(f"{node}/npm", "ci", "--silent", "--no-audit", "--no-fund", folder=folder, PATH=path)
    return folder / "node_modules"
