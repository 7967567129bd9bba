"""A Dask scheduler and its workers, each a process of its own, as an operator starts them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psutil
from distributed import Client

from ordercast.infra.local.ports import free_port

# A busy machine needs seconds to start a worker.
WORKER_WITHIN_S: Final = 120.0
END_WITHIN_S: Final = 20.0


class DaskCluster:
    """`address` is the scheduler's, the same after a restart. A worker has one thread, and a nanny that starts it again."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self._port = free_port()
        self.address = f"tcp://127.0.0.1:{self._port}"
        self._folder = folder
        self._environment = {**os.environ, **environment}
        self._processes: list[subprocess.Popen[bytes]] = []
        self._scheduler = self._started("scheduler", "--host", "127.0.0.1", "--port", str(self._port))

    def _started(self, kind: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [str(Path(sys.executable).with_name("dask")), kind, *arguments, "--no-dashboard"]
        with (self._folder / f"{kind}-{len(self._processes)}.log").open("wb") as log:
            process = subprocess.Popen(
                command, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        self._processes.append(process)
        return process

    def add_workers(self, number: int) -> None:
        """Starts so many more, and waits until the scheduler has them."""
        with self.client() as client:
            expected = len(client.nthreads()) + number
            for _ in range(number):
                arguments = ("--nthreads", "1", "--memory-limit", "0", "--local-directory", str(self._folder))
                self._started("worker", self.address, *arguments)
            client.wait_for_workers(expected, timeout=WORKER_WITHIN_S)

    @contextmanager
    def client(self) -> Iterator[Client]:
        with Client(self.address, timeout=WORKER_WITHIN_S, set_as_default=False) as client:
            yield client

    def kill_a_worker(self) -> None:
        """As the kernel kills it; its nanny starts another."""
        with self.client() as client:
            process = psutil.Process(next(iter(client.run(os.getpid).values())))
        process.kill()
        # Its nanny reaps it.
        deadline = time.monotonic() + END_WITHIN_S
        while process.is_running():
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def kill_the_scheduler(self) -> None:
        self._scheduler.kill()
        self._scheduler.wait()

    def restart_the_scheduler(self) -> None:
        self._scheduler = self._started("scheduler", "--host", "127.0.0.1", "--port", str(self._port))

    def tasks(self) -> list[str]:
        """What the workers' threads work on, also what nobody waits for any more."""
        with self.client() as client:
            running: dict[str, list[str]] = client.run(_active_tasks)
        return [task for tasks in running.values() for task in tasks]

    def workers_that_trained(self) -> int:
        with self.client() as client:
            return sum(client.run(_has_tensorflow).values())

    def stop(self) -> None:
        for process in reversed(self._processes):
            everything = [*psutil.Process(process.pid).children(recursive=True)] if process.poll() is None else []
            process.send_signal(signal.SIGKILL)
            process.wait()
            for child in everything:
                child.kill()
            psutil.wait_procs(everything, timeout=END_WITHIN_S)


def _active_tasks(dask_worker: Any) -> list[str]:
    return [str(task) for task in list(dask_worker.active_threads.values())]


def _has_tensorflow() -> bool:
    return "tensorflow" in sys.modules


@contextmanager
def dask_cluster(folder: Path, *, workers: int, **environment: str) -> Iterator[DaskCluster]:
    """Started with so many workers, and killed at the end."""
    cluster = DaskCluster(folder, **environment)
    try:
        cluster.add_workers(workers)
        yield cluster
    finally:
        cluster.stop()
