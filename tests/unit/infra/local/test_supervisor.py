"""The supervisor, with small real processes."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from ordercast.infra.local import supervisor as supervisor_module
from ordercast.infra.local.errors import StartFailed
from ordercast.infra.local.ports import HOST, free_port
from ordercast.infra.local.probes import answers_ok
from ordercast.infra.local.processes import Program
from ordercast.infra.local.supervisor import Supervisor
from tests.support.small_services import small_command


@dataclass
class Bench:
    """A supervisor with a maker of programs for it: what it reported, and what ran after each change it told."""

    folder: Path
    lines: list[str] = field(default_factory=list)
    running: list[set[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.supervisor = Supervisor(self.lines.append, self._changed)

    def _changed(self) -> None:
        self.running.append(set(self.supervisor.pids()))

    def program(self, name: str, *behaviour: str, stop_deadline_s: float = 5.0) -> Program:
        port = free_port()
        log = self.folder / f"{name}.log"
        command = small_command(log, port, *behaviour, name=name, stop_deadline_s=stop_deadline_s)
        return Program(command, lambda: answers_ok(port))


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    await bench.supervisor.stop([["a", "b", "c"]])


async def test_it_returns_when_all_programs_are_healthy(bench: Bench) -> None:
    await bench.supervisor.start([bench.program("a"), bench.program("b")])
    assert set(bench.supervisor.pids()) == {"a", "b"}
    assert sorted(bench.lines) == ["a is healthy", "b is healthy"]


async def test_a_program_that_dies_is_started_again(bench: Bench) -> None:
    await bench.supervisor.start([bench.program("a"), bench.program("b")])
    before = bench.supervisor.pids()
    assert bench.supervisor.kill("a") == before["a"]
    async with asyncio.timeout(10):
        await bench.supervisor.until_healthy("a")
    after = bench.supervisor.pids()
    assert after["a"] != before["a"]
    assert after["b"] == before["b"]
    assert bench.supervisor.restarts("a") == 1
    assert "a was ended by SIGKILL; next start in 0.25 s" in bench.lines
    assert bench.lines[-1] == "a is healthy again"


async def test_a_program_that_ends_by_itself_is_started_again_too(bench: Bench) -> None:
    await bench.supervisor.start([bench.program("a")])
    bench.supervisor.signal("a", signal.SIGTERM)
    async with asyncio.timeout(10):
        while bench.supervisor.restarts("a") == 0:
            await asyncio.sleep(0.02)
        await bench.supervisor.until_healthy("a")


async def test_the_pauses_between_starts_grow(bench: Bench) -> None:
    await bench.supervisor.start([bench.program("a")])
    for _ in range(2):
        bench.supervisor.kill("a")
        async with asyncio.timeout(10):
            await bench.supervisor.until_healthy("a")
    pauses = [line.split("next start in ")[1] for line in bench.lines if "next start" in line]
    assert pauses == ["0.25 s", "0.5 s"]


async def test_a_program_that_never_starts_is_given_up_with_its_reason(bench: Bench) -> None:
    with pytest.raises(StartFailed, match="b ended with exit code 1") as failure:
        await bench.supervisor.start([bench.program("a"), bench.program("b", "broken")])
    assert "| the oven is cold" in str(failure.value)


async def test_a_program_that_does_not_answer_in_time_is_an_error(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor_module, "START_DEADLINE_S", 0.5)
    with socket.socket() as somebody_else:
        somebody_else.bind((HOST, 0))
        unanswered = somebody_else.getsockname()[1]
        program = Program(small_command(bench.folder / "c.log", free_port(), name="c"), lambda: answers_ok(unanswered))
        with pytest.raises(StartFailed, match="c is not healthy after"):
            await bench.supervisor.start([program])


async def test_a_program_that_cannot_be_run_at_all_is_given_up_too(bench: Bench) -> None:
    command = small_command(bench.folder / "no such folder" / "a.log", free_port(), name="a")
    with pytest.raises(StartFailed, match="a ended with exit code 127"):
        await bench.supervisor.start([Program(command, lambda: answers_ok(1))])
    assert "No such file or directory" in bench.lines[0]


async def test_programs_stop_group_by_group(bench: Bench) -> None:
    await bench.supervisor.start([bench.program("a"), bench.program("b", "slow")])
    await bench.supervisor.stop([["b"], ["a"]])
    assert bench.running[-3:] == [{"a", "b"}, {"a"}, set()]


async def test_a_cancelled_stop_leaves_nothing_running(bench: Bench) -> None:
    await bench.supervisor.start([bench.program("a", "deaf", stop_deadline_s=60), bench.program("b")])
    processes = [psutil.Process(pid) for pid in bench.supervisor.pids().values()]
    stopping = asyncio.create_task(bench.supervisor.stop([["a"], ["b"]]))
    await asyncio.sleep(0.1)
    stopping.cancel()
    await asyncio.wait((stopping,), timeout=10)
    _, alive = await asyncio.to_thread(psutil.wait_procs, processes, timeout=10)
    assert alive == []


async def test_each_new_and_each_lost_process_is_told(bench: Bench) -> None:
    await bench.supervisor.start([bench.program("a")])
    bench.supervisor.kill("a")
    async with asyncio.timeout(10):
        await bench.supervisor.until_healthy("a")
    assert bench.running == [{"a"}, set(), {"a"}]


async def test_a_program_that_is_restarted_ends_in_order_and_comes_back_at_once(bench: Bench) -> None:
    await bench.supervisor.start([bench.program("a")])
    before = bench.supervisor.pids()["a"]
    await bench.supervisor.restart("a")
    assert bench.supervisor.pids()["a"] != before
    assert await bench.supervisor._watched["a"].program.healthy()
    assert [line for line in bench.lines if "next start" in line] == []
