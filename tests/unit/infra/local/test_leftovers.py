"""What a killed supervisor left is ended, and nothing else is touched."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from msgspec import structs

from ordercast.infra.local.control import NAME, SHORT_FOLDER_PREFIX
from ordercast.infra.local.leftovers import SUPERVISED_VARIABLE, end_leftovers
from ordercast.infra.local.state import ProcessRecord, StateFolder
from tests.support.system_info import system_info

SLEEPER: Final = "import signal, time; signal.signal(2, signal.SIG_DFL); print(flush=True); time.sleep(60)"

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    folder = StateFolder.at(tmp_path / "state")
    folder.prepare()
    return folder


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a process that sleeps, with the variables given.

    It hears of interrupts when it is returned, also where the tests do not: a shell has what it starts in the background
    ignore them.
    """
    processes = []

    def start(**variables: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-c", SLEEPER],
            env={**os.environ, **variables},
            stdout=subprocess.PIPE,
        )
        processes.append(process)
        assert process.stdout is not None
        process.stdout.readline()
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def record(folder: StateFolder, **processes: ProcessRecord) -> None:
    supervisor_that_is_gone = ProcessRecord(os.getpid(), 0.0)
    folder.write_system(structs.replace(system_info(folder, supervisor_that_is_gone), processes=processes))


def recorded(process: subprocess.Popen[bytes]) -> ProcessRecord:
    found = ProcessRecord.of(process.pid)
    assert found is not None
    return found


async def test_recorded_processes_are_ended(folder: StateFolder, start: Start) -> None:
    kafka, postgres = start(), start()
    record(folder, kafka=recorded(kafka), postgres=recorded(postgres))
    assert await end_leftovers(folder) == ["kafka", "postgres"]
    assert kafka.poll() is not None
    assert postgres.poll() is not None


async def test_another_process_that_was_given_a_recorded_pid_lives_on(folder: StateFolder, start: Start) -> None:
    innocent = start()
    record(folder, kafka=ProcessRecord(innocent.pid, recorded(innocent).started - 3600))
    assert await end_leftovers(folder) == []
    assert innocent.poll() is None


async def test_what_the_services_had_started_is_ended_by_its_mark(folder: StateFolder, start: Start) -> None:
    ours, of_another_folder = (
        start(**{SUPERVISED_VARIABLE: str(folder.root)}),
        start(**{SUPERVISED_VARIABLE: "/another/folder"}),
    )
    assert await end_leftovers(folder) == [f"pid {ours.pid}"]
    assert ours.poll() is not None
    assert of_another_folder.poll() is None


async def test_without_a_record_there_is_nothing_to_do(folder: StateFolder) -> None:
    assert await end_leftovers(folder) == []


async def test_the_socket_of_a_long_path_goes_with_its_folder(folder: StateFolder, tmp_path: Path) -> None:
    short = tmp_path / f"{SHORT_FOLDER_PREFIX}abc"
    short.mkdir()
    left = short / NAME
    left.touch()
    info = system_info(folder, ProcessRecord(os.getpid(), 0.0))
    folder.write_system(structs.replace(info, control_socket=str(left)))
    await end_leftovers(folder)
    assert not short.exists()


async def test_a_folder_beside_the_recorded_socket_stays(folder: StateFolder) -> None:
    kept = folder.root / "kept"
    kept.touch()
    folder.write_system(
        structs.replace(system_info(folder, ProcessRecord(os.getpid(), 0.0)), control_socket=str(folder.root / NAME))
    )
    await end_leftovers(folder)
    assert kept.exists()
