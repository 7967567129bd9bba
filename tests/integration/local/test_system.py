"""A whole system on real servers, with small services in place of the real ones: how it starts, survives and ends."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from ordercast.cli.status import system_status
from ordercast.client.control import ControlRefused, ask
from ordercast.contracts.topics import ALL_TOPICS, ORDERS
from ordercast.errors import ActionableError
from ordercast.infra.local import system as system_module
from ordercast.infra.local.errors import NotRunning, PortsTaken, StartFailed, StateFolderBusy
from ordercast.infra.local.leftovers import SUPERVISED_VARIABLE
from ordercast.infra.local.ports import Ports, free_port
from ordercast.infra.local.processes import SERVICES, Program, SystemPlan
from ordercast.infra.local.state import StateFolder
from ordercast.infra.local.system import System, newest_revision, running_system
from ordercast.reading.backlog import Backlog
from ordercast.services.shared.kafka.errors import BrokerUnavailable
from ordercast.services.shared.kafka.topics import create_topics
from tests.support.offsets import free_offset
from tests.support.prometheus import Prometheus, installed
from tests.support.small_services import small_command, small_services

ROOT = Path(__file__).parents[3]
PARTITION = TopicPartition(ORDERS.name, 0)

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


def system_in(folder: Path, offset: int | None = None, **settings: Any) -> AbstractAsyncContextManager[System]:
    return running_system(
        folder, free_offset() if offset is None else offset, **{"services": small_services, **settings}
    )


def processes_of(system: System) -> list[psutil.Process]:
    return [psutil.Process(record.pid) for record in system.info.processes.values()]


async def assert_all_end(processes: list[psutil.Process]) -> None:
    _, alive = await asyncio.to_thread(psutil.wait_procs, processes, timeout=10)
    assert alive == []


@asynccontextmanager
async def database(system: System) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(system.info.database_url.replace("postgresql+asyncpg", "postgresql"))
    try:
        yield connection
    finally:
        await connection.close()


async def write_record(system: System, value: bytes) -> None:
    async with AIOKafkaProducer(
        bootstrap_servers=system.info.kafka_bootstrap, acks="all", enable_idempotence=True
    ) as producer:
        await producer.send_and_wait(PARTITION.topic, value, partition=PARTITION.partition)


async def end_offset(system: System) -> int:
    async with AIOKafkaConsumer(bootstrap_servers=system.info.kafka_bootstrap) as consumer:
        offsets = await consumer.end_offsets([PARTITION])
    return int(offsets[PARTITION])


@pytest.fixture(scope="module")
async def system(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    """A system that several tests use, and that each leaves healthy."""
    async with system_in(tmp_path_factory.mktemp("system"), partitions=3) as system:
        yield system


async def test_it_runs_with_the_newest_schema_and_all_topics(system: System) -> None:
    async with database(system) as session:
        assert await session.fetchval("SELECT count(*) FROM alembic_version") == 1
    admin = AIOKafkaAdminClient(bootstrap_servers=system.info.kafka_bootstrap)
    await admin.start()
    assert {topic.name for topic in ALL_TOPICS} <= set(await admin.list_topics())
    [described] = await admin.describe_topics([ORDERS.name])
    assert len(described["partitions"]) == 3
    await admin.close()


def test_other_commands_find_it_by_its_folder(system: System) -> None:
    assert StateFolder.at(system.info.folder).system() == system.info
    assert system.info.phase == "running"
    assert set(system.info.processes) == {"postgres", "kafka", *system.urls}


def test_services_are_told_where_the_servers_are_and_only_order_api_may_sign(system: System) -> None:
    worker, api = system.environment("feature_worker"), system.environment("order_api")
    assert worker["ORDERCAST_DATABASE_URL"] == system.info.database_url
    assert worker["ORDERCAST_KAFKA_BOOTSTRAP"] == system.info.kafka_bootstrap
    assert worker["ORDERCAST_PORT"] == str(system.info.ports["feature_worker"])
    assert Path(worker["ORDERCAST_TOKEN_PUBLIC_KEY_FILE"]).is_file()
    assert "ORDERCAST_TOKEN_PRIVATE_KEY_FILE" not in worker
    assert Path(api["ORDERCAST_TOKEN_PRIVATE_KEY_FILE"]).is_file()


async def test_killed_servers_come_back_on_their_ports_with_their_data(system: System) -> None:
    async with database(system) as session:
        await session.execute("CREATE TABLE bread AS SELECT 'rye' AS kind")
    await write_record(system, b"rye")
    records = await end_offset(system)
    for name in ("kafka", "postgres"):
        system.kill(name)
        await system.until_healthy(name)
    async with database(system) as session:
        assert await session.fetchval("SELECT kind FROM bread") == "rye"
    await write_record(system, b"wheat")
    assert await end_offset(system) == records + 1


async def test_a_killed_service_is_recorded_with_its_new_pid(system: System) -> None:
    before = system.kill("trainer")
    await system.until_healthy("trainer")
    assert system.pid("trainer") != before
    assert StateFolder.at(system.info.folder).system().processes["trainer"].pid == system.pid("trainer")


async def test_status_shows_what_runs_and_what_does_not(system: System) -> None:
    status = await system_status(system.info)
    assert status.all_healthy
    assert {process.name: process.pid for process in status.processes} == {
        name: record.pid for name, record in system.info.processes.items()
    }
    failing = {process.name: process.failing for process in status.processes if process.failing}
    assert failing == {name: {"flour": "there is none"} for name in system.urls}
    assert status.backlog == Backlog(0, 0, 0, 0)


@pytest.mark.parametrize("name", ["predictor", "kafka", "postgres"])
async def test_what_hangs_is_not_healthy_though_it_still_listens(system: System, name: str) -> None:
    system.signal(name, signal.SIGSTOP)
    try:
        status = await system_status(system.info)
    finally:
        system.signal(name, signal.SIGCONT)
    assert [process.name for process in status.processes if not process.healthy] == [name]
    unknown = {"kafka": Backlog(0, None, 0, 0), "postgres": Backlog()}
    assert status.backlog == unknown.get(name, Backlog(0, 0, 0, 0))


async def test_with_prometheus_it_runs_beside_the_services_comes_back_and_keeps_what_it_saw(tmp_path: Path) -> None:
    installed("prometheus")
    async with system_in(tmp_path, scrape_every_s=0.5) as system:
        system.kill("prometheus")
        await system.until_healthy("prometheus")
        async with httpx.AsyncClient(base_url=system.urls["prometheus"], trust_env=False) as client:
            prometheus = Prometheus(client)
            async with asyncio.timeout(30):
                while len(await prometheus.query("up")) < len(SERVICES):
                    await asyncio.sleep(0.1)
            assert {sample["metric"]["job"] for sample in await prometheus.query("up")} == set(SERVICES)
            await system.scale("relay", 2)
            async with asyncio.timeout(30):
                while len(await prometheus.query('up{job="relay"}')) < 2:
                    await asyncio.sleep(0.1)
        status = await system_status(system.info)
        assert [process.healthy for process in status.processes if process.name == "prometheus"] == [True]
        processes = processes_of(system)
    await assert_all_end(processes)
    assert list((tmp_path / "prometheus" / "data").iterdir())


async def test_a_scaled_service_runs_several_times_beside_the_first_which_keeps_its_name_and_port(
    system: System,
) -> None:
    before = system.info
    await system.scale("relay", 3)
    assert system.info.urls.keys() - before.urls.keys() == {"relay-2", "relay-3"}
    assert before.urls.items() <= system.info.urls.items()
    assert system.info == StateFolder.at(system.info.folder).system()
    status = await system_status(system.info)
    assert status.all_healthy
    assert len({process.address for process in status.processes}) == len(status.processes)
    system.kill("relay-2")
    await system.until_healthy("relay-2")
    gone = [psutil.Process(system.pid(name)) for name in ("relay-2", "relay-3")]
    await system.scale("relay", 1)
    await assert_all_end(gone)
    assert system.info == before


async def test_processes_of_one_service_have_names_of_their_own_and_every_order_api_may_sign(system: System) -> None:
    await system.scale("order_api", 2)
    await system.scale("feature_worker", 2)
    first, second = (system.environment(name) for name in ("feature_worker", "feature_worker-2"))
    assert {first["ORDERCAST_WORKER_ID"], second["ORDERCAST_WORKER_ID"]} == {"feature_worker", "feature_worker-2"}
    assert first["ORDERCAST_PORT"] != second["ORDERCAST_PORT"]
    assert "ORDERCAST_TOKEN_PRIVATE_KEY_FILE" in system.environment("order_api-2")
    await system.scale("order_api", 1)
    await system.scale("feature_worker", 1)


@pytest.mark.parametrize(("service", "count"), [("relay", 0), ("postgres", 2)])
async def test_what_cannot_be_scaled_is_refused(system: System, service: str, count: int) -> None:
    with pytest.raises(ValueError, match="order_api, relay"):
        await system.scale(service, count)


async def test_a_further_process_that_does_not_start_leaves_the_system_as_it_was(tmp_path: Path) -> None:
    def a_second_trainer_that_breaks(plan: SystemPlan) -> list[Program]:
        log = plan.folder.logs / "trainer-2.log"
        broken = Program(small_command(log, 0, "broken", name="trainer-2"), lambda: asyncio.sleep(0, False))
        return [broken if program.name == "trainer-2" else program for program in small_services(plan)]

    async with system_in(tmp_path, services=a_second_trainer_that_breaks) as system:
        before = system.info
        with pytest.raises(StartFailed, match="trainer-2 ended with exit code 1"):
            await system.scale("trainer", 2)
        assert system.info == before
        assert (await system_status(system.info)).all_healthy


async def test_a_restart_beside_a_scaling_restarts_what_is_left(system: System) -> None:
    await system.scale("relay", 2)
    async with asyncio.TaskGroup() as changes:
        changes.create_task(system.restart("predictor"))
        changes.create_task(system.scale("relay", 1))
        restarting = changes.create_task(system.restart("relay"))
    assert restarting.result() == ["relay"]


async def test_a_scaling_in_flight_when_the_system_stops_is_ended_and_answered(tmp_path: Path) -> None:
    def a_second_trainer_that_never_answers(plan: SystemPlan) -> list[Program]:
        silent = small_command(plan.folder.logs / "trainer-2.log", free_port(), name="trainer-2")
        return [
            Program(silent, lambda: asyncio.sleep(0, False)) if program.name == "trainer-2" else program
            for program in small_services(plan)
        ]

    async with system_in(tmp_path, services=a_second_trainer_that_never_answers) as system:
        control = system.info.control_socket
        scaling = asyncio.create_task(asyncio.to_thread(ask, control, "scale", service="trainer", count=2))
        async with asyncio.timeout(30):
            while "trainer-2" not in system.info.processes:
                await asyncio.sleep(0.05)
        waiting = asyncio.create_task(asyncio.to_thread(ask, control, "scale", service="predictor", count=2))
        processes = processes_of(system)
    for asking in (scaling, waiting):
        with pytest.raises(ControlRefused, match="the system stops"):
            await asking
    assert not system.folder.system_file.exists()
    with pytest.raises(ActionableError, match="the system stops"):
        await system.scale("relay", 2)
    await assert_all_end(processes)
    assert "predictor-2" not in (system.folder.logs / "supervisor.log").read_text()


async def test_a_system_can_start_scaled_and_leaves_nothing_running(tmp_path: Path) -> None:
    async with system_in(tmp_path, scale={"order_api": 2, "relay": 3}) as system:
        assert {"order_api-2", "relay-2", "relay-3"} <= system.info.processes.keys()
        processes = processes_of(system)
    await assert_all_end(processes)
    assert marked_processes(tmp_path) == []


async def test_a_second_system_on_the_folder_is_refused_and_the_first_goes_on(system: System) -> None:
    with pytest.raises(StateFolderBusy, match=f"pid {os.getpid()}"):
        async with system_in(system.folder.root):
            pass
    assert StateFolder.at(system.info.folder).system() == system.info
    assert (await system_status(system.info)).all_healthy


async def test_a_second_system_on_another_folder_runs_beside_the_first(system: System, tmp_path: Path) -> None:
    async with system_in(tmp_path) as other:
        assert not set(system.info.ports.values()) & set(other.info.ports.values())
        before = await end_offset(system)
        await write_record(other, b"rye")
        assert (await end_offset(other), await end_offset(system)) == (1, before)


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


def marked_processes(folder: Path) -> list[int]:
    marked = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get(SUPERVISED_VARIABLE) == str(folder):
                marked.append(process.pid)
        except psutil.Error:
            continue
    return marked
