"""`ordercast scale`, `restart` and `stop` for a system that `ordercast up` runs."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ordercast.infra.local.state import StateFolder
from tests.support.offsets import free_offset

COMMAND = (sys.executable, "-P", "-m", "ordercast.cli")


@dataclass
class Up:
    """`ordercast up` as a process of its own."""

    folder: StateFolder
    process: asyncio.subprocess.Process

    async def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [*COMMAND, *arguments, "--state", str(self.folder.root)]
        return await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
async def up(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Up]:
    folder = StateFolder(tmp_path_factory.mktemp("up") / "state")
    process = await asyncio.create_subprocess_exec(
        *(*COMMAND, "up", "--quiet", "--json", "--state", str(folder.root), "--port-offset", str(free_offset())),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    started = json.loads(await process.stdout.readline())
    assert started["phase"] == "running"
    yield Up(folder, process)
    if process.returncode is None:
        process.send_signal(signal.SIGINT)
    await process.wait()


async def test_a_service_is_scaled_up_and_down_while_it_runs(up: Up) -> None:
    more = await up.run("scale", "relay=3", "--json")
    assert more.returncode == 0, more.stderr
    assert {"relay", "relay-2", "relay-3"} <= json.loads(more.stdout).keys()
    assert "relay-3 is healthy" in more.stderr
    assert {"relay-2", "relay-3"} <= up.folder.system().processes.keys()
    fewer = await up.run("scale", "relay=1", "--json")
    assert "relay-2" not in json.loads(fewer.stdout)
    assert "relay-2" not in up.folder.system().processes


async def test_a_service_is_restarted_and_healthy_when_the_command_returns(up: Up) -> None:
    before = up.folder.system().processes
    done = await up.run("restart", "order_api")
    assert done.stdout == "restarted and healthy: order_api\n"
    after = up.folder.system().processes
    assert after["order_api"] != before["order_api"]
    assert after["relay"] == before["relay"]
    assert (await up.run("status")).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("restart", "oven"), 1, "error: there is no 'oven' here; what runs: order_api, relay, feature_worker"),
        (("restart", "relay-9"), 1, "error: there is no 'relay-9' here"),
        (("scale", "relay=0"), 2, "is not SERVICE=COUNT"),
        (("scale", "oven=2"), 2, "is not SERVICE=COUNT"),
        (("scale",), 2, "Missing argument"),
    ],
)
async def test_what_cannot_be_done_is_told(up: Up, arguments: tuple[str, ...], code: int, says: str) -> None:
    refused = await up.run(*arguments)
    assert refused.returncode == code
    assert says in " ".join(refused.stderr.replace("│", " ").split())


async def test_a_system_whose_socket_is_gone_is_told_with_a_way_out(up: Up) -> None:
    path = Path(up.folder.system().control_socket)
    aside = path.with_name("aside")
    path.rename(aside)
    try:
        refused = await up.run("restart", "relay")
    finally:
        aside.rename(path)
    assert refused.returncode == 1
    assert "does not listen" in refused.stderr
    assert f"kill {up.process.pid}" in refused.stderr


async def test_the_system_is_stopped_in_order_and_its_process_is_gone_when_the_command_returns(up: Up) -> None:
    done = await up.run("stop")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"the system on {up.folder.root} is stopped\n"
    assert "stopped" in done.stderr
    assert await up.process.wait() == 0
    again = await up.run("stop")
    assert again.returncode == 1
    assert "error: no system runs on" in again.stderr
    assert not (up.folder.root / "control").exists()
