"""A system whose services run several times: from its start, and scaled while it runs."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import psutil
import pytest

from ordercast.cli.status import system_status
from ordercast.client.control import ControlRefused, ask
from ordercast.errors import ActionableError
from ordercast.infra.local.errors import StartFailed
from ordercast.infra.local.processes import Program, SystemPlan
from ordercast.infra.local.state import StateFolder
from ordercast.infra.local.system import Services, System
from tests.support.small_services import small_command, small_services
from tests.support.small_systems import assert_all_end, marked_processes, processes_of, system_in


def second_trainer(*behaviour: str) -> Services:
    """Small services, of which a second trainer behaves like this and is never healthy."""

    def services(plan: SystemPlan) -> list[Program]:
        command = small_command(plan.folder.logs / "trainer-2.log", 0, *behaviour, name="trainer-2")
        second = Program(command, lambda: asyncio.sleep(0, False))
        return [second if program.name == "trainer-2" else program for program in small_services(plan)]

    return services


@pytest.fixture(scope="module")
async def system(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    """A system that starts scaled and has no second trainer that works. Each test leaves it as it was."""
    folder, scale = tmp_path_factory.mktemp("system"), {"order_api": 2, "feature_worker": 2}
    async with system_in(folder, scale=scale, services=second_trainer("broken")) as system:
        yield system


async def test_a_scaled_service_runs_several_times_beside_the_first_which_keeps_its_name_and_port(
    system: System,
) -> None:
    before = system.info
    await system.scale("relay", 3)
    assert system.info.urls.keys() - before.urls.keys() == {"relay-2", "relay-3"}
    assert before.urls.items() <= system.info.urls.items()
    assert system.info == StateFolder.at(system.info.folder).system()
    told = Path(system.environment("console")["ORDERCAST_PROCESSES_FILE"])
    assert msgspec.json.decode(told.read_bytes()) == system.info.urls
    status = await system_status(system.info)
    assert status.all_healthy
    assert len({process.address for process in status.processes}) == len(status.processes)
    system.kill("relay-2")
    await system.until_healthy("relay-2")
    gone = [psutil.Process(system.pid(name)) for name in ("relay-2", "relay-3")]
    await system.scale("relay", 1)
    await assert_all_end(gone)
    assert system.info == before


def test_processes_of_one_service_have_names_of_their_own_and_every_order_api_may_sign(system: System) -> None:
    assert {"order_api-2", "feature_worker-2"} <= system.info.processes.keys()
    first, second = (system.environment(name) for name in ("feature_worker", "feature_worker-2"))
    assert {first["ORDERCAST_WORKER_ID"], second["ORDERCAST_WORKER_ID"]} == {"feature_worker", "feature_worker-2"}
    assert first["ORDERCAST_PORT"] != second["ORDERCAST_PORT"]
    assert "ORDERCAST_TOKEN_PRIVATE_KEY_FILE" in system.environment("order_api-2")


@pytest.mark.parametrize(("service", "count"), [("relay", 0), ("postgres", 2)])
async def test_what_cannot_be_scaled_is_refused(system: System, service: str, count: int) -> None:
    with pytest.raises(ValueError, match="order_api, relay"):
        await system.scale(service, count)


async def test_a_further_process_that_does_not_start_leaves_the_system_as_it_was(system: System) -> None:
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
    async with system_in(tmp_path, scale={"relay": 2}, services=second_trainer()) as system:
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
    assert marked_processes(tmp_path) == []
    assert "predictor-2" not in (system.folder.logs / "supervisor.log").read_text()
