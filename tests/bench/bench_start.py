"""Start of the installed system to the first answers, and the memory of each process after some work.

`python -m tests.bench.bench_start` starts `ordercast up` on an empty folder and again on the same one. The time runs from the
command to the moment when order_api is ready for the first order and every other service answers.
"""

import asyncio
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import httpx
import psutil

from ordercast.client import Addresses, open_client
from ordercast.infra.local.ports import Ports
from ordercast.infra.local.processes import SERVICES
from ordercast.infra.local.state import StateFolder
from ordercast.sample.make_sample import make_sample
from ordercast.sample.post_sample import post_sample
from ordercast.system.operator_account import operator_login

POLL_S: Final = 0.02
DEADLINE_S: Final = 120.0
ORDERS: Final = 2_000
MIB: Final = 1024 * 1024


async def until_answered(urls: list[str]) -> None:
    async with httpx.AsyncClient(trust_env=False) as http, asyncio.timeout(DEADLINE_S):
        for url in urls:
            while not await _answers(http, url):
                await asyncio.sleep(POLL_S)


async def _answers(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(url)).is_success
    except httpx.TransportError:
        return False


@asynccontextmanager
async def up(folder: Path, ports: Ports) -> AsyncIterator[float]:
    """A system under the command; the seconds until it answered. Stopped at the end, whatever happens."""
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ordercast.cli", "up"),
        *("--state", str(folder), "--port-offset", str(ports.offset)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        # The predictor is ready only once there is a model: that it answers has to do.
        probes = {name: "readyz" if name == "order_api" else "healthz" for name in SERVICES}
        await until_answered([f"http://127.0.0.1:{ports[name]}/{probe}" for name, probe in probes.items()])
        yield time.perf_counter() - began
    finally:
        process.send_signal(signal.SIGINT)
        await process.wait()


async def work(folder: StateFolder, ports: Ports) -> None:
    """Some orders and views, so that memory is that of services at work."""
    urls = [f"http://127.0.0.1:{ports[name]}" for name in ("order_api", "trainer", "predictor")]
    async with open_client(Addresses(*urls)) as anonymous:
        login = await operator_login(folder, folder.system())
        admin = anonymous.as_account(login)
        await post_sample(anonymous, admin, make_sample("uniform", 1, orders=ORDERS), password="a bench password")


async def main() -> None:
    ports = Ports(Ports(5000).next_free_offset())
    with tempfile.TemporaryDirectory() as name:
        folder = StateFolder.at(name)
        async with up(folder.root, ports) as seconds:
            print(f"start on an empty folder    {seconds:5.1f} s to the first answers")
        async with up(folder.root, ports) as seconds:
            print(f"start on a kept folder      {seconds:5.1f} s")
            await work(folder, ports)
            for service, record in sorted(folder.system().processes.items()):
                resident = psutil.Process(record.pid).memory_info().rss / MIB
                print(f"memory of {service:16}  {resident:5.0f} MiB resident after {ORDERS} orders")
            stopping = time.perf_counter()
        print(f"stop                        {time.perf_counter() - stopping:5.1f} s")


if __name__ == "__main__":
    asyncio.run(main())
