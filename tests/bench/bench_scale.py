"""What one machine carries of each part, and what each part costs: the figures that docs/scale.md reckons with.

    python -m tests.bench.bench_scale [SECONDS]

All parts run on durable servers, one after the other, so that each has the machine to itself, but for the generator of the
load. Processor time is what carries over to a machine with more of it.
"""

import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Final

from sqlalchemy import text

from ordercast.infra.local.child import Command
from ordercast.infra.local.install import ensure_kafka
from ordercast.infra.local.kafka import KafkaBroker
from ordercast.infra.local.ports import free_port
from ordercast.infra.local.postgres import PostgresServer, program
from ordercast.infra.local.probes import answers_ok
from ordercast.infra.migrations.upgrade import upgrade
from ordercast.services.order_api.orders.place_orders import Line, OrderRequest, PlaceOrders
from ordercast.services.shared.db.engine import Sessions, open_database
from ordercast.services.shared.http.caller import Caller
from ordercast.services.shared.http.token_keys import create_key_pair, load_private_key
from ordercast.services.shared.http.tokens import TokenSigner
from ordercast.services.shared.kafka.topics import create_topics
from tests.bench.bench_orders import order_bodies
from tests.bench.http_load import Load, LoadReport, run_load
from tests.bench.processor_time import ProcessorTime
from tests.support.caught_up import caught_up
from tests.support.embedded import running
from tests.support.seeds import seed_accounts, seed_products

PARTITIONS: Final = 8
CONNECTIONS: Final = 64
ACCOUNTS: Final = 64
# So many that most lines of a batch are pairs of their own, and most rows are written for one event.
PRODUCTS: Final = 2_000
BATCH_LINES: Final = 1_000
SINGLE_VIEWS: Final = 200
DIFFERENT_BATCHES: Final = 20
# Orders that relays find at once: a second's work or two.
BACKLOG: Final = 10_000
DEADLINE_S: Final = 120.0
POLL_S: Final = 0.02
# Group commits of different order_apis meet at the counters of the shards: most of them touch all. They lock them in the
# order of the shards, as here; a plain UPDATE takes rows as they lie, and two of them wait for each other.
COUNTERS_SQL: Final = (
    "INSERT INTO outbox_shards AS s (shard, last_number) SELECT shard, 0 FROM generate_series(0, 7) AS shard "
    "ON CONFLICT (shard) DO UPDATE SET last_number = s.last_number + excluded.last_number;\n"
)
ORDERS_SQL: Final = "SELECT count(*) FROM orders"
WAL_SQL: Final = "SELECT pg_current_wal_lsn() - '0/0'"
COMMIT_SQL: Final = "INSERT INTO bench_commits VALUES (1);\n"


@dataclass(frozen=True)
class Bench:
    """Both servers, and what a process of Ordercast needs to run on them."""

    folder: Path
    postgres: PostgresServer
    bootstrap: str
    pids: dict[str, int]
    environment: dict[str, str]
    sessions: Sessions
    accounts: Sequence[int]
    tokens: Sequence[str]
    products: Sequence[int]

    def time_of(self, **parts: Sequence[int]) -> ProcessorTime:
        return ProcessorTime(parts | {name: [pid] for name, pid in self.pids.items()})

    async def scalar(self, statement: str) -> int:
        async with self.sessions() as session:
            return int((await session.execute(text(statement))).scalar_one() or 0)

    @asynccontextmanager
    async def processes(self, count: int, *module: str) -> AsyncIterator[dict[int, int]]:
        """So many processes of a service: their ports, and the pid at each."""
        async with AsyncExitStack() as stack:
            pids = {}
            for number in range(count):
                port = free_port()
                name = f"{module[-1]}-{number}"
                names = {f"ORDERCAST_{kind}_ID": name for kind in ("RELAY", "WORKER")}
                command = Command(
                    name,
                    (sys.executable, "-m", *module),
                    {**os.environ, **self.environment, **names, "ORDERCAST_PORT": str(port)},
                    self.folder / f"{name}.log",
                )
                child = await stack.enter_async_context(running(command, partial(answers_ok, port)))
                pids[port] = child.pid
            yield pids


@asynccontextmanager
async def prepared(folder: Path) -> AsyncIterator[Bench]:
    postgres = PostgresServer(folder / "postgres", free_port(), "bench", folder / "postgres.log")
    kafka = KafkaBroker(await ensure_kafka(), folder / "kafka", free_port(), free_port(), folder / "kafka.log")
    await postgres.prepare()
    await kafka.prepare()
    async with (
        running(postgres.command(), postgres.answers) as database,
        running(kafka.command(), kafka.answers) as broker,
    ):
        await postgres.create_database()
        await asyncio.to_thread(upgrade, postgres.url())
        await create_topics(kafka.bootstrap, PARTITIONS)
        create_key_pair(folder / "private.pem", folder / "public.pem")
        signer = TokenSigner(load_private_key(folder / "private.pem"))
        async with open_database(postgres.url(), application="bench") as sessions:
            accounts = await seed_accounts(sessions, ACCOUNTS)
            products = await seed_products(sessions, [f"{number}.50" for number in range(PRODUCTS)])
            environment = {
                "ORDERCAST_DATABASE_URL": postgres.url(),
                "ORDERCAST_KAFKA_BOOTSTRAP": kafka.bootstrap,
                "ORDERCAST_PARTITIONS": str(PARTITIONS),
                # What the service carries, not what it allows.
                "ORDERCAST_CUSTOMER_VIEWS_PER_MINUTE": str(10**9),
                "ORDERCAST_CUSTOMER_VIEW_LINES_PER_MINUTE": str(10**9),
                "ORDERCAST_ORDERS_PER_MINUTE": str(10**9),
                "ORDERCAST_TOKEN_PRIVATE_KEY_FILE": str(folder / "private.pem"),
                "ORDERCAST_TOKEN_PUBLIC_KEY_FILE": str(folder / "public.pem"),
            }
            pids = {"postgres": database.pid, "kafka": broker.pid}
            tokens = [signer.sign(Caller(account, "CUSTOMER")) for account in accounts]
            yield Bench(folder, postgres, kafka.bootstrap, pids, environment, sessions, accounts, tokens, products)


async def load(bench: Bench, ports: Sequence[int], path: str, bodies: list[str], status: int, seconds: float) -> float:
    """Requests per second that a number of processes answer together."""
    reports: list[LoadReport] = await asyncio.gather(
        *(
            run_load(
                Load(
                    host="127.0.0.1",
                    port=port,
                    paths=[path],
                    bodies=bodies,
                    tokens=list(bench.tokens),
                    headers={},
                    connections=CONNECTIONS // len(ports),
                    seconds=seconds,
                    expected_status=status,
                )
            )
            for port in ports
        )
    )
    assert not any(report.failed for report in reports)
    return sum(report.rate for report in reports)


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not await holds():
            await asyncio.sleep(POLL_S)


async def orders(bench: Bench, count: int, seconds: float) -> None:
    """So many order_apis take orders."""
    async with bench.processes(count, "ordercast.services.order_api") as apis:
        used = bench.time_of(order_api=list(apis.values()))
        before, wal = await bench.scalar(ORDERS_SQL), await bench.scalar(WAL_SQL)
        rate = await load(bench, list(apis), "/orders", order_bodies(bench.products), 201, seconds)
        placed = await bench.scalar(ORDERS_SQL) - before
        wal = (await bench.scalar(WAL_SQL) - wal) // placed
        print(f"{count} order_api   {rate:7,.0f} orders/s  each: {used.of_each(placed)}, {wal} bytes of WAL")


async def relays(bench: Bench, count: int) -> None:
    """So many relays publish orders that are all there at the same moment."""
    async with bench.processes(count, "ordercast.services.order_api", "relay") as pids:
        await until(partial(drained, bench))
        await until(partial(shared_out, bench, count))
        await place_at_once(bench, BACKLOG)
        used, began = bench.time_of(relay=list(pids.values())), perf_counter()
        await until(partial(drained, bench))
        rate = BACKLOG / (perf_counter() - began)
        print(f"{count} relay       {rate:7,.0f} events/s  each: {used.of_each(BACKLOG)}")


async def shared_out(bench: Bench, relays: int) -> bool:
    owners = "SELECT count(*) AS held FROM outbox_leases WHERE owner IS NOT NULL GROUP BY owner"
    having = f"SELECT count(*) FROM ({owners}) AS o WHERE held >= {PARTITIONS // relays}"  # noqa: S608
    return await bench.scalar(having) == relays


async def drained(bench: Bench) -> bool:
    return await bench.scalar("SELECT count(*) FROM (SELECT FROM outbox LIMIT 1) AS o") == 0


async def place_at_once(bench: Bench, count: int) -> None:
    """Places orders of three items in one transaction."""
    lines = [Line(bench.products[number], 1 + number) for number in range(3)]
    requests = [OrderRequest(bench.accounts[number % ACCOUNTS], lines) for number in range(count)]
    await PlaceOrders(bench.sessions, partitions=PARTITIONS)(requests)


async def views(bench: Bench, seconds: float) -> None:
    """Single views, and batches of a thousand."""
    single = [json.dumps({"product_id": product}) for product in bench.products[:SINGLE_VIEWS]]
    draw = random.Random(1)
    batches = [
        "\n".join(json.dumps({"product_id": draw.choice(bench.products)}) for _ in range(BATCH_LINES))
        for _ in range(DIFFERENT_BATCHES)
    ]
    async with bench.processes(1, "ordercast.services.order_api") as apis:
        for name, path, bodies, status, size in (
            ("views", "/views", single, 202, 1),
            ("batches", "/views/batch", batches, 200, BATCH_LINES),
        ):
            used, before = bench.time_of(order_api=list(apis.values())), await views_in_kafka(bench)
            rate = await load(bench, list(apis), path, bodies, status, seconds) * size
            each = used.of_each(await views_in_kafka(bench) - before)
            print(f"1 order_api   {rate:7,.0f} views/s in {name} of {size}  each: {each}")


async def views_in_kafka(bench: Bench) -> int:
    return sum(
        lag for partition, lag in (await caught_up(bench.bootstrap, bench.sessions)).items() if partition[0] == "views"
    )


async def worker(bench: Bench, count: int) -> None:
    """So many workers apply all that the topics hold."""
    async with bench.processes(count, "ordercast.services.feature_worker") as workers:
        applied = "SELECT sum(next_offset) FROM feature_positions"

        async def begun() -> bool:
            return await bench.scalar(applied) > 0

        await until(begun)
        used, first = bench.time_of(worker=list(workers.values())), await bench.scalar(applied)
        written, began = await bench.scalar(WAL_SQL), perf_counter()

        async def done() -> bool:
            return not any((await caught_up(bench.bootstrap, bench.sessions)).values())

        await until(done)
        seconds = perf_counter() - began
        events = await bench.scalar(applied) - first
        written = (await bench.scalar(WAL_SQL) - written) // events
        print(
            f"{count} worker      {events / seconds:7,.0f} events/s ({events:,} of orders and views)"
            f"  each: {used.of_each(events)}, {written} bytes of WAL"
        )


async def sizes(bench: Bench) -> None:
    """Bytes on disk of a row, its part of the indexes with it, and of an event in Kafka."""
    topics = {
        topic: sum(log.stat().st_size for log in (bench.folder / "kafka").rglob(f"{topic}-*/*.log"))
        // await bench.scalar(f"SELECT sum(next_offset) FROM feature_positions WHERE topic = '{topic}'")  # noqa: S608
        for topic in ("orders", "views")
    }
    print("bytes in kafka of an event: " + ", ".join(f"{topic} {size}" for topic, size in topics.items()))
    await place_at_once(bench, BATCH_LINES)
    row = "SELECT avg(pg_column_size(o.*)) FROM outbox AS o"
    print(f"bytes of an outbox row, until it is published: {await bench.scalar(row)}")
    tables = ("orders", "order_items", "feature_rows")
    async with bench.sessions() as session:
        found = [
            (
                await session.execute(
                    text(f"SELECT pg_total_relation_size('{table}') / greatest(count(*), 1) FROM {table}")  # noqa: S608
                )
            ).scalar_one()
            for table in tables
        ]
    print("bytes on disk of a row: " + ", ".join(f"{table} {size}" for table, size in zip(tables, found, strict=True)))


async def commits(bench: Bench, name: str, script: str, clients: Sequence[int], seconds: float) -> None:
    """Transactions per second of PostgreSQL alone, with so many clients at once."""
    path = bench.folder / "script.sql"
    path.write_text(script)
    environment = {**os.environ, "PGPASSWORD": bench.postgres.password}
    rates = []
    for count in clients:
        command = [
            str(program("pgbench")),
            *("-n", "-f", str(path), "-c", str(count), "-j", "1", "-T", str(max(1, round(seconds)))),
            *("-h", "127.0.0.1", "-p", str(bench.postgres.port), "-U", "ordercast", "ordercast"),
        ]
        done = await asyncio.to_thread(subprocess.run, command, env=environment, capture_output=True, text=True)
        line = next(line for line in done.stdout.splitlines() if line.startswith("tps = "))
        rates.append(f"{float(line.split()[2]):,.0f} with {count}")
    print(f"postgres alone, {name}: {', '.join(rates)} clients")


async def main(seconds: float) -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        async with prepared(Path(folder)) as bench:
            for count in (1, 2, 3):
                await orders(bench, count, seconds)
                await relays(bench, count)
            await views(bench, seconds)
            await worker(bench, 2)
            await sizes(bench)
            async with bench.sessions() as session, session.begin():
                await session.execute(text("CREATE TABLE bench_commits (number bigint)"))
            await commits(bench, "commits/s of one row", COMMIT_SQL, (1, 8, 32), seconds)
            await commits(bench, "commits/s that lock all counters", COUNTERS_SQL, (1, 3, 16), seconds)


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 3.0))
