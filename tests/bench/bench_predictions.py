"""GET /predictions against an endpoint that only answers: same process, same connections, in turn.

`python -m tests.bench.bench_predictions [SECONDS]` takes about 8 times as many seconds. The endpoint that only answers is
/healthz of the predictor itself. Every request asks for another view count, and the predictor keeps no answers, so each one
goes through all ten networks of the recipe.
"""

import asyncio
import os
import random
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from uuid import UUID

import httpx
import psutil

from ordercast.infra.local.child import Command
from ordercast.infra.local.ports import free_port
from ordercast.infra.local.postgres import PostgresServer
from ordercast.infra.migrations.upgrade import upgrade
from ordercast.services.shared.db.engine import open_database
from ordercast.services.shared.db.models import ModelVersion
from ordercast.services.shared.http.token_keys import create_key_pair
from tests.bench.http_load import Load, LoadReport, run_load
from tests.support.embedded import running
from tests.support.model_artifacts import BASELINE_LAYERS, write_model

CONNECTIONS: Final = 32
ROUNDS: Final = 3
WARM_UP_S: Final = 1.0
# More different view counts than requests that a connection makes before they come round again.
VIEW_COUNTS: Final = 20_000
ANSWER_ONLY: Final = ["/healthz"]
# What the product promises: a prediction costs at most two thirds of an answer more.
PROMISED_RATIO: Final = 0.6

# Fills a database, and a folder of versions.
Fill = Callable[[PostgresServer, Path], Awaitable[None]]


def prediction_paths() -> list[str]:
    counts = random.Random(1).sample(range(1_000, 100_000), VIEW_COUNTS)
    return [f"/predictions?view_count={count}" for count in counts]


async def record_model(server: PostgresServer, artifacts: Path) -> None:
    """A version of the recipe's shape with random weights: the time does not depend on what was learned."""
    model = write_model(artifacts, layers=BASELINE_LAYERS)
    row = ModelVersion(
        version=model.version,
        training_id=UUID(model.manifest.training_id),
        recipe=model.manifest.recipe.name,
        manifest_sha256=model.manifest_sha256,
    )
    async with open_database(server.url(), application="bench") as sessions, sessions() as session, session.begin():
        session.add(row)


@asynccontextmanager
async def predictor(
    folder: Path, fill: Fill = record_model, module: str = "ordercast.services.predictor"
) -> AsyncIterator[tuple[int, psutil.Process]]:
    """A predictor that serves what `fill` records; its port and its process."""
    server = PostgresServer(folder, free_port(), "bench", folder / "postgres.log")
    await server.prepare()
    async with running(server.command(), server.answers):
        await server.create_database()
        await asyncio.to_thread(upgrade, server.url())
        await fill(server, folder / "artifacts")
        create_key_pair(folder / "private.pem", folder / "public.pem")
        port = free_port()
        settings = {
            "DATABASE_URL": server.url(),
            "KAFKA_BOOTSTRAP": "127.0.0.1:9",  # nobody there: models are served all the same
            "ARTIFACTS_DIR": str(folder / "artifacts"),
            "TOKEN_PUBLIC_KEY_FILE": str(folder / "public.pem"),
            "PORT": str(port),
            "PREDICTIONS_PER_MINUTE": str(10**9),  # what the service carries, not what it allows
            "PREDICTION_BATCHES_PER_MINUTE": str(10**9),
        }
        environment = {**os.environ, **{f"ORDERCAST_{name}": value for name, value in settings.items()}}
        command = Command(
            name="predictor",
            arguments=(sys.executable, "-m", module),
            environment=environment,
            log=folder / "predictor.log",
            stop_deadline_s=10,
        )

        async def serves() -> bool:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
                try:
                    return (await client.get("/predictions?view_count=1")).status_code == 200
                except httpx.TransportError:
                    return False

        async with running(command, serves) as child:
            yield port, psutil.Process(child.pid)


async def measure(port: int, paths: list[str], connections: int, seconds: float) -> LoadReport:
    return await run_load(
        Load(
            host="127.0.0.1",
            port=port,
            paths=paths,
            bodies=[],
            headers={},
            connections=connections,
            seconds=seconds,
            warm_up_s=WARM_UP_S,
        )
    )


def processor_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


async def compare(port: int, process: psutil.Process, connections: int, seconds: float) -> float:
    """Both sides in turn; prints them and returns the ratio of their rates."""
    rates = []
    for name, paths in (("answer only", ANSWER_ONLY), ("prediction", prediction_paths())):
        before = processor_seconds(process)
        report = await measure(port, paths, connections, seconds)
        # Of the warm-up too; unlike the rate it says nearly the same on a busy machine.
        spent = (processor_seconds(process) - before) / (seconds + WARM_UP_S)
        print(
            f"{connections:2} connections  {name:11} {report.rate:6.0f} requests/s  p50 {report.p50_ms:5.2f} ms"
            f"  p99 {report.p99_ms:5.2f} ms  failed {report.failed}  {spent / report.rate * 1e6:3.0f} µs of processor each"
        )
        rates.append(report.rate)
    return rates[1] / rates[0]


async def main(seconds: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with predictor(Path(folder)) as (port, process):
            await compare(port, process, 1, seconds)
            ratio = statistics.median([await compare(port, process, CONNECTIONS, seconds) for _ in range(ROUNDS)])
            megabytes = process.memory_info().rss / 1_000_000
    print(
        f"predictions: {ratio:.2f} times the rate of an answer (median of {ROUNDS} rounds; promised {PROMISED_RATIO}),"
        f" process {megabytes:.0f} MB"
    )


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 5.0))
