"""The first figures, each beside the plain way in the same run: `make bench-quick`. Prints them and writes BENCHMARKS.md.

`python -m tests.bench.quick MODULE...` runs only those benchmarks, and leaves the others' figures as they stand.
"""

import asyncio
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

import psutil

TARGET: Final = Path(__file__).parents[2] / "BENCHMARKS.md"


@dataclass(frozen=True, slots=True)
class Benchmark:
    title: str
    command: tuple[str, ...]
    explanation: str


BENCHMARKS: Final = (
    Benchmark(
        "Orders per second",
        ("tests.bench.bench_orders", "3"),
        "64 connections place orders of one to five items. Plain: FastAPI and the SQLAlchemy ORM, one transaction for each "
        "request, without outbox and keys. Both are one process on the same durable PostgreSQL, measured in turn.",
    ),
    Benchmark(
        "From an order to its feature row",
        ("tests.bench.bench_order_latency",),
        "From the commit, before which no answer goes out, until the row counts the order; one order at a time on a system at "
        "rest. Plain: a relay that looks in pauses of 10 to 160 ms instead of hearing of the commit.",
    ),
    Benchmark(
        "Events per second into the feature table",
        ("tests.bench.bench_feature_worker", "--events", "30000"),
        "Plain: one record at a time, one transaction with an upsert for each. Both read the same topics.",
    ),
    Benchmark(
        "Training the recipe `baseline`",
        ("tests.bench.bench_training",),
        "Plain: `Model.fit` of one network after the other.",
    ),
    Benchmark(
        "The stacked network as Keras layers",
        ("tests.bench.bench_keras_members", "--rounds", "1"),
        "An experiment: layers with a members axis and Keras's own Adam, against the hand-written graph. Taking them would have to "
        "keep 80 % of the speed, and each member's numbers to the bit whatever group it trains in.",
    ),
    Benchmark(
        "Predictions",
        ("tests.bench.bench_predictions", "3"),
        "GET /predictions, every time for another view count, against an endpoint of the same process that only answers.",
    ),
    Benchmark(
        "What `demand` answers",
        ("tests.bench.bench_demand", "4"),
        "A pair's prediction with its reasons, every time for another pair, against an endpoint of the same process that answers "
        "with the one query that both make; then forecasts of all products of a shop.",
    ),
    Benchmark(
        "Several of each, and what each costs",
        ("tests.bench.bench_scale", "2"),
        "Each part by itself on durable servers, with 64 connections where there are clients; docs/scale.md reckons with "
        "these. The generator of the load takes its share of the cores, so rates of several processes show the machine's end "
        "rather than theirs: the processor time for each thing done is what carries over to a larger one.",
    ),
    Benchmark(
        "Start and memory",
        ("tests.bench.bench_start",),
        "The installed system, from `ordercast up` until order_api is ready for orders and every service answers. Memory is "
        "what stays resident after the work.",
    ),
)

# Takes as long as all others together, so `make bench-console` runs it alone.
LARGE: Final = Benchmark(
    "Pages of the console, with a large shop",
    ("tests.bench.bench_console",),
    "`make bench-console`. A whole system with 10,000 products and 1,000,000 feature rows, brought in by its own API. Of each "
    "page: bytes of the answer, and with all that it loads in a browser that was never there; the answer over loopback, its "
    "first byte and the whole of it, as median and what 95 % do not exceed; and when chromium has painted it and has loaded it, "
    "from the moment that it sets out. Then what pages and programs ask the services for: median and 95 %. All times are ms; "
    "promised are 300 ms and 100 kB.",
)

HEAD: Final = """# Benchmarks

Written by `make bench-quick`. Each speed is measured beside the plain way, in turn, in one run on one machine: look at the
ratios, the single figures move with the machine.

Machine: {machine}. {versions}. {day}.
"""


def machine() -> str:
    memory = psutil.virtual_memory().total / 1024**3
    return f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}"


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    names = [line.split(":", 1)[1].strip() for line in _lines(cpuinfo) if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


async def run(benchmark: Benchmark) -> str:
    """What the benchmark prints, passed on as it comes.

    Raises:
        RuntimeError: it failed.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *benchmark.command, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    lines = []
    async for line in process.stdout:
        lines.append(line.decode())
        print(f"  {lines[-1]}", end="", flush=True)
    if await process.wait():
        raise RuntimeError(f"{benchmark.title}: ended with exit code {process.returncode}")
    return "".join(lines)


def sections(written: str) -> dict[str, str]:
    """What stands under each title."""
    return {part.partition("\n")[0]: part.partition("\n")[2] for part in written.split("\n## ")[1:]}


async def main(modules: Sequence[str]) -> None:
    before = TARGET.read_text()
    versions = ", ".join(f"{name} {version(name)}" for name in ("fastapi", "sqlalchemy", "aiokafka", "tensorflow"))
    python = f"Python {platform.python_version()}, {versions}"
    new = HEAD.format(machine=machine(), versions=python, day=f"{datetime.now(UTC):%Y-%m-%d}")
    parts = [before.partition("\n## ")[0] if modules else new]
    for benchmark in (*BENCHMARKS, LARGE):
        is_asked = benchmark.command[0].rpartition(".")[2] in modules if modules else benchmark is not LARGE
        if is_asked:
            print(f"\n{benchmark.title}", flush=True)
            figures = await run(benchmark)
            parts.append(f"\n## {benchmark.title}\n\n{benchmark.explanation}\n\n```\n{figures.rstrip()}\n```\n")
        elif (kept := sections(before).get(benchmark.title)) is not None:
            parts.append(f"\n## {benchmark.title}\n{kept.rstrip()}\n")
    TARGET.write_text("".join(parts))
    print(f"\nwritten to {TARGET.name}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
