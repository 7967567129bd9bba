"""A child process: how it ends, and that nothing of it stays."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from ordercast.infra.local.child import Child, Command, describe_exit, log_tail, run_once
from ordercast.infra.local.errors import StartFailed
from ordercast.infra.local.ports import free_port
from ordercast.infra.local.probes import answers_ok
from tests.support.small_services import small_command

ROOT = Path(__file__).parents[4]

# A process that starts a small service and waits for its end.
SUPERVISOR = """
import asyncio, sys
from pathlib import Path
from ordercast.infra.local.child import Child
from tests.support.small_services import small_command

async def main():
    child = await Child.start(small_command(Path(sys.argv[1]), int(sys.argv[2])))
    print(child.pid, flush=True)
    await child.wait()

asyncio.run(main())
"""


async def started(command: Command, port: int) -> Child:
    child = await Child.start(command)
    async with asyncio.timeout(10):
        while not await answers_ok(port):
            await asyncio.sleep(0.02)
    return child


def is_alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


async def until_gone(pid: int) -> None:
    async with asyncio.timeout(10):
        while is_alive(pid):
            await asyncio.sleep(0.02)


def python(log: Path, code: str) -> Command:
    return Command("example", (sys.executable, "-c", code), dict(os.environ), log)


async def test_it_stops_when_it_is_asked(tmp_path: Path) -> None:
    port = free_port()
    child = await started(small_command(tmp_path / "log", port), port)
    assert await child.stop() == -signal.SIGTERM
    assert not is_alive(child.pid)


async def test_one_that_ignores_the_question_is_killed_after_its_deadline(tmp_path: Path) -> None:
    port = free_port()
    child = await started(small_command(tmp_path / "log", port, "deaf", stop_deadline_s=0.2), port)
    assert await child.stop() == -signal.SIGKILL


async def test_a_cancelled_stop_kills_at_once(tmp_path: Path) -> None:
    port = free_port()
    child = await started(small_command(tmp_path / "log", port, "deaf", stop_deadline_s=60), port)
    stopping = asyncio.create_task(child.stop())
    await asyncio.sleep(0.1)
    stopping.cancel()
    async with asyncio.timeout(5):
        await asyncio.wait((stopping,))
    assert stopping.cancelled()
    assert not is_alive(child.pid)


async def test_what_it_started_ends_with_it(tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    child = await started(small_command(log, port, "parent"), port)
    grandchild = int(log.with_suffix(".notes").read_text())
    assert is_alive(grandchild)
    os.kill(child.pid, signal.SIGKILL)
    await child.wait()
    await until_gone(grandchild)


async def test_its_words_are_appended_to_its_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("before\n")
    await run_once(
        python(log, "import sys; print('out'); sys.stdout.flush(); print('err', file=sys.stderr)"), deadline_s=10
    )
    assert log.read_text() == "before\nout\nerr\n"


async def test_a_command_that_fails_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    with pytest.raises(StartFailed, match=r"example ended with exit code 1") as failure:
        await run_once(python(tmp_path / "log", "raise SystemExit('no flour')"), deadline_s=10)
    assert "| no flour" in str(failure.value)


async def test_a_command_that_hangs_is_ended_and_reported(tmp_path: Path) -> None:
    with pytest.raises(StartFailed, match=r"example took longer than 0 s"):
        await run_once(python(tmp_path / "log", "import time; time.sleep(60)"), deadline_s=0.3)


def test_an_exit_is_said_in_words() -> None:
    assert describe_exit(-9) == "was ended by SIGKILL"
    assert describe_exit(3) == "ended with exit code 3"


def test_the_end_of_a_long_log_is_short(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("".join(f"line {number}\n" for number in range(10_000)))
    lines = log_tail(log).splitlines()
    assert len(lines) == 16
    assert lines[-1] == "  | line 9999"
    assert "no log" in log_tail(tmp_path / "none")


async def test_it_dies_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    """On Linux the kernel sees to it; elsewhere the next supervisor on the folder (test_leftovers.py)."""
    port = free_port()
    supervisor = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SUPERVISOR, str(tmp_path / "log"), str(port)),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    assert supervisor.stdout is not None
    child = int(await supervisor.stdout.readline())
    async with asyncio.timeout(10):
        while not await answers_ok(port):
            await asyncio.sleep(0.02)
    supervisor.kill()
    await supervisor.wait()
    if sys.platform == "linux":
        await until_gone(child)
    else:
        os.kill(child, signal.SIGKILL)
