"""A running system on real servers, with small services in place of the real ones: what others see of it, and how it survives."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from ordercast.cli.status import system_status
from ordercast.contracts.topics import ALL_TOPICS, ORDERS
from ordercast.infra.local.errors import StateFolderBusy
from ordercast.infra.local.processes import SERVICES
from ordercast.infra.local.state import StateFolder
from ordercast.infra.local.system import System
from ordercast.kafka_security import client_arguments
from ordercast.reading.backlog import Backlog
from tests.support.prometheus import Prometheus, installed
from tests.support.small_systems import assert_all_end, database, end_offset, processes_of, system_in, write_record


@pytest.fixture(scope="module")
async def system(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    """A system that several tests use, and that each leaves healthy."""
    async with system_in(tmp_path_factory.mktemp("system"), partitions=3) as system:
        yield system


async def test_it_runs_with_the_newest_schema_and_all_topics(system: System) -> None:
    async with database(system) as session:
        assert await session.fetchval("SELECT count(*) FROM alembic_version") == 1
    admin = AIOKafkaAdminClient(**client_arguments(system.info.kafka_address))
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
    assert worker["ORDERCAST_DATABASE_URL"].startswith("postgresql+asyncpg://ordercast_feature_worker:")
    assert api["ORDERCAST_DATABASE_URL"].startswith("postgresql+asyncpg://ordercast_order_api:")
    assert worker["ORDERCAST_DATABASE_SSLMODE"] == "disable"
    for process, user in ((worker, "feature_worker"), (api, "order_api")):
        login, _, brokers = process["ORDERCAST_KAFKA_BOOTSTRAP"].rpartition("@")
        assert (login.partition(":")[0], brokers) == (f"ordercast_{user}", system.info.kafka_bootstrap)
    assert worker["ORDERCAST_PORT"] == str(system.info.ports["feature_worker"])
    assert Path(worker["ORDERCAST_TOKEN_PUBLIC_KEY_FILE"]).is_file()
    assert "ORDERCAST_TOKEN_PRIVATE_KEY_FILE" not in worker
    assert Path(api["ORDERCAST_TOKEN_PRIVATE_KEY_FILE"]).is_file()
    models = {name: [key for key in system.environment(name) if "MODEL" in key] for name in SERVICES}
    assert models.pop("trainer") == ["ORDERCAST_MODEL_PRIVATE_KEY_FILE"]
    assert models.pop("predictor") == ["ORDERCAST_MODEL_PUBLIC_KEY_FILE"]
    assert not any(models.values())


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


async def test_status_shows_what_runs_and_what_does_not_whatever_the_user_has_set_for_another_kafka(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORDERCAST_KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("ORDERCAST_KAFKA_USERNAME", "somebody")
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
