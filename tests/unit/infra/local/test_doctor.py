"""doctor finds what is wrong, and says how to fix it."""

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import structs

from ordercast.infra.local import doctor, jars
from ordercast.infra.local.jars import LockedJar
from ordercast.infra.local.ports import BASES, HOST
from ordercast.infra.local.program_ages import java_age
from ordercast.infra.local.state import ProcessRecord, StateFolder
from tests.support.system_info import system_info


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    folder = StateFolder.at(tmp_path / "state")
    folder.prepare()
    return folder


@pytest.fixture
def cached_jar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with the one jar of the lock file, as it should be."""
    monkeypatch.setenv("ORDERCAST_CACHE_DIR", str(tmp_path / "cache"))
    digest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"  # of "hello"
    for module in (jars, doctor):
        monkeypatch.setattr(module, "locked_jars", lambda *_: (LockedJar("org.example", "broker", "1.0", digest),))
    jar = jars.jars_dir() / "broker-1.0.jar"
    jar.parent.mkdir(parents=True)
    jar.write_bytes(b"hello")
    return jar


@pytest.fixture
def taken_port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    with socket.socket() as server:
        server.bind((HOST, 0))
        server.listen()
        port = server.getsockname()[1]
        monkeypatch.setitem(BASES, "trainer", port)
        yield port


def test_this_python_and_its_packages_are_well() -> None:
    assert doctor.python_version().healthy
    assert doctor.packages().healthy


def test_an_old_python_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "OLDEST_PYTHON", (99, 0))
    finding = doctor.python_version()
    assert not finding.healthy
    assert "install Python 99.0" in finding.hint


def test_missing_and_old_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = [
        'rich>=15; extra == "tools"',
        "no-such-package>=1",
        "typer>=99",
        'windows-only>=1; sys_platform == "win32"',
    ]
    monkeypatch.setattr("importlib.metadata.requires", lambda _: wanted)
    finding = doctor.packages()
    assert not finding.healthy
    assert "no-such-package is missing" in finding.detail
    assert "wanted >=99" in finding.detail
    assert "windows-only" not in finding.detail
    assert finding.hint == doctor.INSTALL


def test_a_folder_that_cannot_be_written_is_found_without_making_it(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert not doctor.writable("state folder", tmp_path / "file").healthy
    assert doctor.writable("state folder", tmp_path / "new" / "state").healthy
    assert not (tmp_path / "new").exists()


def test_too_little_space_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.disk_space(tmp_path / "not there yet").detail.endswith("GiB free")
    monkeypatch.setattr(doctor, "WANTED_SPACE_BYTES", 2**80)
    assert not doctor.disk_space(tmp_path).healthy


def test_a_damaged_jar_is_named(cached_jar: Path) -> None:
    assert doctor.jars().healthy
    cached_jar.write_bytes(b"hell")
    finding = doctor.jars()
    assert not finding.healthy
    assert cached_jar.name in finding.detail


def test_jars_that_were_never_fetched_are_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERCAST_CACHE_DIR", str(tmp_path))
    assert doctor.jars().detail == "not fetched yet"
    assert not doctor.class_archive().healthy


async def test_a_program_that_runs_shows_its_version_and_one_that_does_not_its_words(tmp_path: Path) -> None:
    assert (await doctor.starts("Java", sys.executable, "--version", java_age)).detail.startswith("Python 3")
    finding = await doctor.starts("Java", str(tmp_path / "no-such-program"), "-version", java_age)
    assert not finding.healthy
    assert "no-such-program" in finding.detail


def test_ports_that_others_have_are_found(folder: StateFolder, taken_port: int) -> None:
    finding = doctor.ports(folder, 0)
    assert not finding.healthy
    assert f"{taken_port} (trainer)" in finding.detail
    assert "--port-offset" in finding.hint


def test_ports_of_this_folders_own_system_are_well(folder: StateFolder, taken_port: int) -> None:
    folder.write_system(system_info(folder, ProcessRecord.current()))
    assert doctor.ports(folder, 0).healthy
    assert doctor.supervisor(folder).detail.startswith("running (pid")


def test_a_killed_supervisor_and_what_it_left_are_found(folder: StateFolder) -> None:
    gone = ProcessRecord(ProcessRecord.current().pid, 0.0)
    folder.write_system(system_info(folder, gone))
    assert doctor.supervisor(folder).healthy
    folder.write_system(structs.replace(system_info(folder, gone), processes={"kafka": ProcessRecord.current()}))
    finding = doctor.supervisor(folder)
    assert not finding.healthy
    assert "still there: kafka" in finding.detail
