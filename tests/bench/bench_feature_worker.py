"""Events per second into the feature table: the worker against the plain way, in the same run on the same servers.

    python -m tests.bench.bench_feature_worker [--events 60000] [--json]

The plain way is what most services do: one record at a time, one transaction with an upsert for each. Both read the same
topics, each into a database of its own on a PostgreSQL that waits for its disk. The worker is a process of its own, as in
production; its time runs from its first committed position to its last.
"""

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

import psutil
from aiokafka import AIOKafkaConsumer, TopicPartition
from sqlalchemy import func, text
from sqlalchemy.dialects.postgresql import insert

from ordercast.contracts.topics import ORDERS, VIEWS
from ordercast.infra.local.install import ensure_kafka
from ordercast.infra.local.kafka import KafkaBroker
from ordercast.infra.local.ports import free_port
from ordercast.infra.local.postgres import PostgresServer
from ordercast.infra.migrations.upgrade import upgrade
from ordercast.services.shared.db.engine import Sessions, open_database
from ordercast.services.shared.db.features import FeaturePosition, FeatureRow
from ordercast.services.shared.kafka.publisher import open_publisher
from ordercast.services.shared.kafka.topics import create_topics
from tests.support.caught_up import caught_up
from tests.support.embedded import running
from tests.support.event_streams import Fact, Line, Order, View, numbered_records

PARTITIONS: Final = 8
ACCOUNTS: Final = 1_000
PRODUCTS: Final = 200
VIEWS_PER_ORDER: Final = 6
# Events that the plain way gets: its rate does not change with their number, only the patience of who waits.
PLAIN_EVENTS: Final = 2_000
WORKER_DEADLINE_S: Final = 300.0
POLL_S: Final = 0.05


@dataclass(frozen=True)
class Result:
    events: int
    worker_events_per_s: float
    plain_events_per_s: float
    speedup: float
    worker_peak_mb: float


def make_facts(count: int, seed: int = 1) -> list[Fact]:
    """Views and orders (three lines on average) of many accounts, a second apart."""
    dice = random.Random(seed)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    facts: list[Fact] = []
    for number in range(count):
        account, moment = dice.randint(1, ACCOUNTS), start + timedelta(seconds=number)
        if number % (VIEWS_PER_ORDER + 1):
            facts.append(View(account, dice.randint(1, PRODUCTS), moment))
        else:
            lines = tuple(
                Line(dice.randint(1, PRODUCTS), dice.randint(1, 10), Decimal("12.50"))
                for _ in range(dice.randint(1, 5))
            )
            facts.append(Order(account, moment, lines))
    return facts


async def run_bench(events: int) -> Result:
    """Starts both servers in a temporary folder, fills the topics, measures both ways."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        async with _servers(Path(folder)) as (postgres, bootstrap):
            await create_topics(bootstrap, PARTITIONS)
            await _fill(bootstrap, make_facts(events))
            plain_rate = await _measure_plain(await _database(postgres, "plain"), bootstrap)
            worker_rate, peak = await _measure_worker(await _database(postgres, "worker"), bootstrap)
    return Result(events, round(worker_rate), round(plain_rate), round(worker_rate / plain_rate, 1), round(peak))


@asynccontextmanager
async def _servers(folder: Path) -> AsyncIterator[tuple[PostgresServer, str]]:
    postgres = PostgresServer(folder / "postgres", free_port(), "bench", folder / "postgres.log")
    kafka = KafkaBroker(await ensure_kafka(), folder / "kafka", free_port(), free_port(), folder / "kafka.log")
    await postgres.prepare()
    await kafka.prepare()
    async with running(postgres.command(), postgres.answers), running(kafka.command(), kafka.answers):
        yield postgres, kafka.bootstrap


async def _database(postgres: PostgresServer, name: str) -> str:
    await postgres.create_database(name)
    await asyncio.to_thread(upgrade, postgres.url(name))
    return postgres.url(name)


async def _fill(bootstrap: str, facts: list[Fact]) -> None:
    async with open_publisher(bootstrap, client_id="bench") as publisher:
        for place, records in numbered_records(facts, PARTITIONS).items():
            await publisher.publish(place.topic, place.number, records)


async def _measure_plain(url: str, bootstrap: str) -> float:
    """Events per second of one transaction an event."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, group_id="plain", auto_offset_reset="earliest", enable_auto_commit=False
    )
    consumer.assign([TopicPartition(topic.name, number) for topic in (ORDERS, VIEWS) for number in range(PARTITIONS)])
    await consumer.start()
    try:
        async with open_database(url, application="plain") as sessions:
            await _apply_plainly(sessions, await consumer.getone())  # connections and statements are ready now
            started = time.perf_counter()
            for _ in range(PLAIN_EVENTS):
                await _apply_plainly(sessions, await consumer.getone())
            return PLAIN_EVENTS / (time.perf_counter() - started)
    finally:
        await consumer.stop()


async def _apply_plainly(sessions: Sessions, record: object) -> None:
    body = json.loads(record.value)  # type: ignore[attr-defined]
    account, partition, topic, offset = body["account_id"], record.partition, record.topic, record.offset  # type: ignore[attr-defined]
    async with sessions() as session, session.begin():
        for item in body.get("items", [body]):
            is_view = "count" in body
            values = {
                "account_id": account,
                "product_id": item["product_id"],
                "order_count": 0 if is_view else 1,
                "total_quantity": 0 if is_view else item["quantity"],
                "view_count": body["count"] if is_view else 0,
                "partition": partition,
                "updated_at": func.now(),
            }
            new = insert(FeatureRow).values(values)
            added = {
                name: getattr(FeatureRow, name) + new.excluded[name]
                for name in ("order_count", "total_quantity", "view_count")
            }
            await session.execute(new.on_conflict_do_update(index_elements=["account_id", "product_id"], set_=added))
        position = insert(FeaturePosition).values(
            topic=topic, partition=partition, next_offset=offset + 1, updated_at=func.now()
        )
        await session.execute(
            position.on_conflict_do_update(
                index_elements=["topic", "partition"], set_={"next_offset": position.excluded.next_offset}
            )
        )


async def _measure_worker(url: str, bootstrap: str) -> tuple[float, float]:
    """Events per second of the worker, and the most memory (MB) that its process took."""
    environment = {
        **os.environ,
        "ORDERCAST_DATABASE_URL": url,
        "ORDERCAST_KAFKA_BOOTSTRAP": bootstrap,
        "ORDERCAST_PARTITIONS": str(PARTITIONS),
        "ORDERCAST_PORT": "0",
    }
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ordercast.services.feature_worker", env=environment
    )
    try:
        async with open_database(url, application="bench") as sessions, asyncio.timeout(WORKER_DEADLINE_S):
            while (first := await _applied(sessions)) == 0:
                await asyncio.sleep(POLL_S)
            started, peak = time.perf_counter(), 0.0
            process = psutil.Process(worker.pid)
            while (last := await _applied(sessions)) < await _total(bootstrap, sessions, last):
                peak = max(peak, process.memory_info().rss / 1e6)
                await asyncio.sleep(POLL_S)
            return (last - first) / (time.perf_counter() - started), max(peak, process.memory_info().rss / 1e6)
    finally:
        worker.terminate()
        await worker.wait()


_ends: dict[str, int] = {}


async def _total(bootstrap: str, sessions: Sessions, applied: int) -> int:
    if bootstrap not in _ends:
        _ends[bootstrap] = sum((await caught_up(bootstrap, sessions)).values()) + await _applied(sessions)
    return _ends[bootstrap]


async def _applied(sessions: Sessions) -> int:
    async with sessions() as session:
        total = await session.execute(text("SELECT coalesce(sum(next_offset), 0) FROM feature_positions"))
        return int(total.scalar_one())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=60_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    result = asyncio.run(run_bench(arguments.events))
    if arguments.json:
        sys.stdout.write(json.dumps(asdict(result)) + "\n")
        return
    sys.stdout.write(
        f"{result.events} events: worker {result.worker_events_per_s:,.0f} events/s, plain way "
        f"{result.plain_events_per_s:,.0f} events/s ({result.speedup} times), worker's memory {result.worker_peak_mb:.0f} MB\n"
    )


if __name__ == "__main__":
    main()
