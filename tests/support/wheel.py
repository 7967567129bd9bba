"""The wheel of the checkout, and fresh environments that it is installed into, as its users have them."""

import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
UV: Final = str(Path(sys.prefix) / "bin" / "uv")
# Deadline (s) for a command in an environment whose modules are not compiled yet.
DEADLINE_S: Final = 600


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment, and a folder to work in that holds nothing else."""

    root: Path
    folder: Path

    def run(
        self, program: str, *arguments: str, cwd: Path | None = None, **options: Any
    ) -> subprocess.CompletedProcess[str]:
        """Runs one of its programs without anything of the environment that the tests run in."""
        return subprocess.run(
            [str(self.root / "bin" / program), *arguments],
            cwd=cwd or self.folder,
            env=outside(),
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            **options,
        )

    def install(self, *requirements: str) -> None:
        """What `pip install` does; uv takes packages from its cache. Their versions are those of uv.lock."""
        constraints = self.root / "constraints.txt"
        exported = uv("export", "--frozen", "--all-extras", "--no-hashes", "--no-emit-project", "--quiet", cwd=ROOT)
        constraints.write_text(exported)
        python = str(self.root / "bin" / "python")
        uv(
            "pip",
            "install",
            "--quiet",
            "--python",
            python,
            "--constraint",
            str(constraints),
            *requirements,
            cwd=self.folder,
        )
        self._take_byte_code()

    def _take_byte_code(self) -> None:
        """From the environment that the tests run in, which `make setup` compiled: the packages are the same ones.

        Python takes it only for a file of the time and size that was compiled, and compiles any other one itself.
        """
        [packages] = self.root.glob("lib/python*/site-packages")
        own = Path(sysconfig.get_path("purelib"))
        for package in filter(Path.is_dir, packages.iterdir()):
            for compiled in (own / package.name).rglob("*.pyc"):
                there = packages / compiled.relative_to(own)
                if there.parent.parent.is_dir() and not there.exists():
                    there.parent.mkdir(exist_ok=True)
                    shutil.copyfile(compiled, there)

    def size_mb(self) -> float:
        """What is installed, with the byte code that pip would compile."""
        subprocess.run([str(self.root / "bin/python"), "-m", "compileall", "-q", str(self.root / "lib")], check=False)
        return sum(file.stat().st_size for file in self.root.rglob("*") if not file.is_symlink()) / 1e6


def make_environment(root: Path) -> Environment:
    """An empty one."""
    uv("venv", "--quiet", "--python", sys.executable, str(root / "venv"), cwd=ROOT)
    (root / "empty").mkdir(parents=True)
    return Environment(root / "venv", root / "empty")


def build_wheel(folder: Path) -> Path:
    """The wheel of this checkout. It is built from a copy, in which a secret lies where `make compose-up` puts it."""
    source = folder / "source"
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, tracked.split("\0")):
        if (ROOT / name).exists():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, source / name, follow_symlinks=False)
    secret = source / "infra/secrets/cli/ordercast_admin_password"
    secret.parent.mkdir(parents=True)
    secret.write_text("secret")
    uv("build", "--quiet", "--wheel", "--out-dir", str(folder / "dist"), str(source), cwd=folder)
    [wheel] = (folder / "dist").glob("ordercast-*.whl")
    return wheel


def uv(*arguments: str, cwd: Path) -> str:
    """What it prints. Raises AssertionError with its words."""
    ran = subprocess.run([UV, *arguments], cwd=cwd, env=outside(), capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def outside() -> dict[str, str]:
    """The variables of a shell that knows nothing of this test run but the names of the images, where others are here."""
    # Nothing but tests keeps Python from keeping what it compiled: a system of nine processes would compile it nine times.
    inside = ("ORDERCAST_", "PYTEST_", "COV_", "VIRTUAL_ENV", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
    images = ("_IMAGE", "ORDERCAST_IMAGES", "ORDERCAST_VERSION")
    return {name: value for name, value in os.environ.items() if not name.startswith(inside) or name.endswith(images)}
