"""How a system on real servers, with small services in place of the real ones, starts and ends."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from uuid import UUID

import psutil
import pytest

from ordercast.infra.local import system as system_module
from ordercast.infra.local.errors import NotRunning, PortsTaken, StartFailed
from ordercast.infra.local.ports import Ports
from ordercast.infra.local.processes import Program, SystemPlan
from ordercast.infra.local.state import StateFolder
from ordercast.infra.local.system import newest_revision
from ordercast.services.shared.kafka.errors import BrokerUnavailable
from ordercast.services.shared.kafka.topics import create_topics
from tests.support.model_artifacts import write_model
from tests.support.offsets import free_offset
from tests.support.small_services import small_command
from tests.support.small_systems import (
    assert_all_end,
    database,
    end_offset,
    marked_processes,
    processes_of,
    system_in,
    write_record,
)

ROOT: Final = Path(__file__).parents[3]

# `ordercast up` with small services: it prints one line when it is healthy and goes on until it is ended.
SUPERVISOR = """
import asyncio, sys
from ordercast.infra.local.state import StateFolder
from ordercast.cli.options import Context
from ordercast.cli.up import keep_running
from tests.support.offsets import free_offset
from tests.support.small_services import small_services

context = Context(StateFolder.at(sys.argv[1]), port_offset=int(sys.argv[2]), json=True)
asyncio.run(keep_running(context, services=small_services))
"""


async def test_it_leaves_nothing_running_and_keeps_data_and_keys_for_the_next_run_on_other_ports(
    tmp_path: Path,
) -> None:
    lines: list[str] = []
    async with system_in(tmp_path, report=lines.append) as system:
        await write_record(system, b"rye")
        key = Path(system.info.token_private_key_file).read_bytes()
        processes = processes_of(system)
    await assert_all_end(processes)
    assert lines[-1] == "stopped"
    assert len((tmp_path / "logs" / "supervisor.log").read_text().splitlines()) == len(lines)
    with pytest.raises(NotRunning):
        StateFolder.at(tmp_path).system()
    async with system_in(tmp_path) as system:
        assert await end_offset(system) == 1
        assert Path(system.info.token_private_key_file).read_bytes() == key
        assert await system.plan.postgres.schema_revision() == newest_revision()


async def test_versions_of_a_release_that_had_no_key_are_signed_when_it_is_made(tmp_path: Path) -> None:
    async with system_in(tmp_path) as system, database(system) as session:
        model = write_model(system.folder.artifacts)
        await session.execute(
            "INSERT INTO models (version, training_id, recipe, manifest_sha256) VALUES ($1, $2, 'baseline', $3)",
            model.version,
            UUID(model.manifest.training_id),
            model.manifest_sha256,
        )
    for key in (system.folder.model_private_key, system.folder.model_public_key):
        key.unlink()
    async with system_in(tmp_path) as system, database(system) as session:
        assert await session.fetchval("SELECT manifest_signature FROM models") is not None


async def test_a_taken_port_is_named_before_anything_starts(tmp_path: Path) -> None:
    offset = free_offset()
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", Ports(offset)["predictor"])
    async with server:
        with pytest.raises(PortsTaken, match=rf"{Ports(offset)['predictor']} \(predictor\)"):
            async with system_in(tmp_path, offset):
                pass
    assert not (tmp_path / "postgres").exists()


async def test_a_service_that_does_not_start_stops_the_rest_and_says_why(tmp_path: Path) -> None:
    def a_broken_trainer(plan: SystemPlan) -> list[Program]:
        log = plan.folder.logs / "trainer.log"
        return [Program(small_command(log, 0, "broken", name="trainer"), lambda: asyncio.sleep(0, False))]

    with pytest.raises(StartFailed, match="trainer ended with exit code 1") as failure:
        async with system_in(tmp_path, services=a_broken_trainer):
            pass
    assert "the oven is cold" in str(failure.value)
    assert marked_processes(tmp_path) == []


async def test_a_broker_that_listens_before_it_answers_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals = ["not ready", "not ready yet"]

    async def create_topics_at_the_third_time(bootstrap: str, partitions: int) -> None:
        if refusals:
            raise BrokerUnavailable(refusals.pop())
        await create_topics(bootstrap, partitions)

    monkeypatch.setattr(system_module, "create_topics", create_topics_at_the_third_time)
    async with system_in(tmp_path) as system:
        assert refusals == []
        await write_record(system, b"rye")


@pytest.mark.parametrize("after_s", [0.2, 1.0, 2.0])
async def test_an_interrupted_start_leaves_nothing_running(tmp_path: Path, after_s: float) -> None:
    starting = asyncio.create_task(system_in(tmp_path).__aenter__())
    await asyncio.sleep(after_s)
    starting.cancel()
    await asyncio.wait((starting,), timeout=30)
    assert starting.done()
    assert marked_processes(tmp_path) == []
    with StateFolder.at(tmp_path).locked():  # and the folder is free
        pass


async def test_after_a_killed_supervisor_the_next_one_starts_with_all_data(tmp_path: Path) -> None:
    offset = free_offset()
    async with supervisor_process(tmp_path, offset) as supervisor:
        info = StateFolder.at(tmp_path).system()
        processes = [psutil.Process(record.pid) for record in info.processes.values()]
        supervisor.kill()
        await supervisor.wait()
    if sys.platform == "linux":
        await assert_all_end(processes)
    async with system_in(tmp_path, offset) as system:
        await write_record(system, b"rye")


async def test_ctrl_c_stops_everything_and_is_no_failure_even_when_nobody_reads_the_log_any_more(
    tmp_path: Path,
) -> None:
    async with supervisor_process(tmp_path, free_offset()) as supervisor:
        info = StateFolder.at(tmp_path).system()
        processes = [psutil.Process(record.pid) for record in info.processes.values()]
        supervisor.send_signal(signal.SIGINT)
        assert await supervisor.wait() == 0
    await assert_all_end(processes)


@asynccontextmanager
async def supervisor_process(folder: Path, offset: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """`ordercast up` once it is healthy, with a log that nobody reads."""
    reader, log = os.pipe()
    os.close(reader)
    supervisor = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SUPERVISOR, str(folder), str(offset)),
        stdout=asyncio.subprocess.PIPE,
        stderr=log,
        cwd=ROOT,
    )
    os.close(log)
    assert supervisor.stdout is not None
    try:
        assert json.loads(await supervisor.stdout.readline())["phase"] == "running"
        yield supervisor
    finally:
        if supervisor.returncode is None:
            supervisor.kill()
        await supervisor.wait()
