"""A service as a process of its own, on a port that it takes itself: nobody else can take it meanwhile."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ordercast.services.shared.process.settings import ServiceSettings

# A busy machine needs seconds to start a service.
STARTS_WITHIN_S: Final = 60.0
POLL_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class ServiceProcess:
    """The process and the file that it logs into, as JSON."""

    process: subprocess.Popen[bytes]
    log: Path

    async def address(self) -> str:
        """Where it answers, once it does: the log names it then."""
        async with asyncio.timeout(STARTS_WITHIN_S):
            while not (found := [entry["address"] for entry in self._entries() if entry["event"] == "listening"]):
                assert self.process.poll() is None, self.log.read_text()
                await asyncio.sleep(POLL_S)
        return str(found[0])

    async def stopped(self, deadline_s: float) -> int:
        """Its exit code after SIGTERM."""
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.to_thread(self.process.wait, deadline_s)

    def _entries(self) -> list[dict[str, Any]]:
        written = self.log.read_text().rpartition("\n")[0]
        return [json.loads(line) for line in written.splitlines() if line.startswith("{")]


def environment(settings: ServiceSettings) -> dict[str, str]:
    """The variables that say the same as the settings, but for the port, which is a free one, and the form of the log."""
    values = settings.model_dump(mode="json", exclude_none=True) | {"port": 0, "log_format": "json"}
    return {**os.environ, **{f"ORDERCAST_{name}".upper(): str(value) for name, value in values.items()}}


@contextmanager
def service_process(name: str, settings: ServiceSettings, log: Path) -> Iterator[ServiceProcess]:
    """`python -m ordercast.services.NAME`; killed at the end if it still runs."""
    command = [sys.executable, "-P", "-m", f"ordercast.services.{name}"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment(settings), stdout=output, stderr=output)
    try:
        yield ServiceProcess(process, log)
    finally:
        process.kill()
        process.wait()
