"""Whole systems of small services (`small_services`) on real servers, and what their tests look at."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import asyncpg
import psutil
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from ordercast.contracts.topics import ORDERS
from ordercast.infra.local.leftovers import SUPERVISED_VARIABLE
from ordercast.infra.local.system import System, running_system
from ordercast.kafka_security import client_arguments
from tests.support.offsets import free_offset
from tests.support.small_services import small_services

PARTITION: Final = TopicPartition(ORDERS.name, 0)


def system_in(folder: Path, offset: int | None = None, **settings: Any) -> AbstractAsyncContextManager[System]:
    return running_system(
        folder, free_offset() if offset is None else offset, **{"services": small_services, **settings}
    )


def processes_of(system: System) -> list[psutil.Process]:
    return [psutil.Process(record.pid) for record in system.info.processes.values()]


async def assert_all_end(processes: list[psutil.Process]) -> None:
    _, alive = await asyncio.to_thread(psutil.wait_procs, processes, timeout=10)
    assert alive == []


def marked_processes(folder: Path) -> list[int]:
    marked = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get(SUPERVISED_VARIABLE) == str(folder):
                marked.append(process.pid)
        except psutil.Error:
            continue
    return marked


@asynccontextmanager
async def database(system: System) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(system.info.database_url.replace("postgresql+asyncpg", "postgresql"))
    try:
        yield connection
    finally:
        await connection.close()


async def write_record(system: System, value: bytes) -> None:
    async with AIOKafkaProducer(
        acks="all", enable_idempotence=True, **client_arguments(system.info.kafka_address)
    ) as producer:
        await producer.send_and_wait(PARTITION.topic, value, partition=PARTITION.partition)


async def end_offset(system: System) -> int:
    async with AIOKafkaConsumer(**client_arguments(system.info.kafka_address)) as consumer:
        offsets = await consumer.end_offsets([PARTITION])
    return int(offsets[PARTITION])
