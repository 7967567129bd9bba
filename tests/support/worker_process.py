"""Feature workers as processes of their own: started, killed and stopped as a supervisor and a power failure do it."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ordercast.services.shared.db.engine import Sessions
from tests.support.caught_up import caught_up

# A busy machine needs seconds to start a worker.
DEADLINE_S: Final = 60.0
POLL_S: Final = 0.05


class WorkerProcess:
    """A running worker."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self.log = log

    def kill(self) -> None:
        """As the kernel kills it, without a word."""
        if self._process.returncode is None:
            self._process.kill()

    async def stop(self) -> int:
        """As the supervisor stops it; its exit code."""
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
        return await self.ended()

    async def ended(self) -> int:
        async with asyncio.timeout(DEADLINE_S):
            return await self._process.wait()

    @property
    def is_running(self) -> bool:
        return self._process.returncode is None

    async def says(self, words: str) -> None:
        """Waits until its log holds the words."""
        async with asyncio.timeout(DEADLINE_S):
            while words not in self.log.read_text():
                assert self.is_running, self.log.read_text()
                await asyncio.sleep(POLL_S)


@dataclass(frozen=True)
class WorkerPlace:
    """A database, a broker and a folder for logs."""

    database_url: str
    bootstrap: str
    partitions: int
    folder: Path

    async def start(self, *arguments: str, name: str = "worker", **settings: object) -> WorkerProcess:
        """Starts `python -m ordercast.services.feature_worker`; `settings` are its fields."""
        variables = {
            "ORDERCAST_DATABASE_URL": self.database_url,
            "ORDERCAST_KAFKA_BOOTSTRAP": self.bootstrap,
            "ORDERCAST_PARTITIONS": str(self.partitions),
            "ORDERCAST_PORT": "0",
            "ORDERCAST_WORKER_ID": name,
            **{f"ORDERCAST_{key.upper()}": str(value) for key, value in settings.items()},
        }
        path = self.folder / f"{name}.log"
        with path.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "ordercast.services.feature_worker",
                *arguments,
                env={**os.environ, **variables},
                stdout=log,
                stderr=log,
            )
        return WorkerProcess(process, path)

    @asynccontextmanager
    async def worker(self, name: str = "worker", **settings: object) -> AsyncIterator[WorkerProcess]:
        """A worker for as long as the block runs."""
        worker = await self.start(name=name, **settings)
        try:
            yield worker
        finally:
            await worker.stop()

    async def applied_all(self, sessions: Sessions, worker: WorkerProcess | None = None) -> None:
        """Waits until the table has caught up with the topics."""
        async with asyncio.timeout(DEADLINE_S):
            while any((await caught_up(self.bootstrap, sessions)).values()):
                assert worker is None or worker.is_running, worker.log.read_text()
                await asyncio.sleep(POLL_S)
