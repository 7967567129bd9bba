"""A system that tests have started ends with them, however they end."""

import asyncio
import signal
import sys
from pathlib import Path

from ordercast.infra.local.state import StateFolder

TESTS = """
import asyncio, sys
from pathlib import Path
from ordercast.testing import open_system

async def main():
    async with open_system("embedded", Path(sys.argv[1])) as system:
        print(system.log("order_api") != "", flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""
# Time (s) for the system to stop in order on a busy machine.
STOP_DEADLINE_S = 60


async def test_a_system_is_stopped_in_order_when_its_tests_are_killed(tmp_path: Path) -> None:
    tests = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-c", TESTS, str(tmp_path)), stdout=asyncio.subprocess.PIPE
    )
    assert tests.stdout is not None
    assert await tests.stdout.readline() == b"True\n"
    folder = StateFolder(tmp_path / "state")
    supervisor = folder.system().supervisor
    tests.send_signal(signal.SIGKILL)
    await tests.wait()
    async with asyncio.timeout(STOP_DEADLINE_S):
        while supervisor.process() is not None:
            await asyncio.sleep(0.1)
    assert (folder.logs / "supervisor.log").read_text().endswith(" stopped\n")
    assert (tmp_path / "stack.log").read_text() == ""
