"""Prepares what the broker needs once for each user: `python -m ordercast.infra.local.install` (a part of `make setup`).

The class archive holds the broker's classes as the JVM has them in memory after loading and linking. It is made by a
rehearsal: a broker starts on an empty folder, serves a topic, and the JVM writes the archive as it stops.
"""

import asyncio
import logging
import secrets
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from ordercast.errors import ActionableError
from ordercast.infra.kafka.rights import ADMIN, ROLES
from ordercast.infra.local.cache import exclusive_async, remove_unfinished
from ordercast.infra.local.child import Child
from ordercast.infra.local.errors import StartFailed
from ordercast.infra.local.jars import Report, ensure_jars
from ordercast.infra.local.kafka import KafkaBroker, KafkaInstall
from ordercast.infra.local.ports import free_port
from ordercast.kafka_security import client_arguments
from ordercast.services.shared.kafka.errors import BrokerUnavailable

# Time (s) for the rehearsal's start without an archive, on a slow or busy machine.
START_DEADLINE_S: Final = 60.0
# Time (s) for the JVM to write the archive as it stops; 6 s on two cores.
WRITE_DEADLINE_S: Final = 120.0
POLL_S: Final = 0.1
# Prefix of the rehearsal's folder.
REHEARSAL: Final = "rehearsal-"


async def ensure_kafka(report: Report = lambda _: None) -> KafkaInstall:
    """Jars and class archive, made first if they are not in the cache yet. Safe in several processes at once.

    Without an archive the broker works too and starts in three seconds instead of one, so a rehearsal that fails is
    reported and no error. Raises JarsUnavailable.
    """
    install = KafkaInstall(await asyncio.to_thread(ensure_jars, report))
    if not install.archive.is_file():
        async with exclusive_async(install.archive.with_suffix(".lock")):
            if not install.archive.is_file():
                remove_unfinished(install.archive.parent, REHEARSAL)
                report("Kafka's class archive: rehearsing a start, once")
                try:
                    await _rehearse(install)
                except (StartFailed, BrokerUnavailable) as failure:
                    report(f"no class archive, so each start takes about 2 s longer: {failure}")
    return install


async def _rehearse(install: KafkaInstall) -> None:
    with tempfile.TemporaryDirectory(dir=install.archive.parent, prefix=REHEARSAL) as name:
        folder = Path(name)
        broker = KafkaBroker(
            *(install, folder, free_port(), free_port(), folder / "log"),
            name="kafka rehearsal",
            passwords={role: secrets.token_urlsafe() for role in (*ROLES, ADMIN)},
        )
        await broker.prepare()
        written = folder / "classes.aot"
        command = broker.command(options=(f"-XX:AOTCacheOutput={written}",))
        child = await Child.start(replace(command, stop_deadline_s=WRITE_DEADLINE_S))
        try:
            await _until_it_answers(broker)
            await broker.grant_rights()
            await _use_as_a_client(client_arguments(broker.address(ADMIN)))
            await child.stop()
        finally:
            child.kill()
        if not written.is_file():
            raise StartFailed("the JVM wrote no archive")
        written.rename(install.archive)


async def _until_it_answers(broker: KafkaBroker) -> None:
    try:
        async with asyncio.timeout(START_DEADLINE_S):
            while not await broker.answers():
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        raise StartFailed(f"{broker.name} does not answer after {START_DEADLINE_S:.0f} s") from None


async def _use_as_a_client(arguments: Mapping[str, Any]) -> None:
    """Makes the broker load what its clients will need: log-ins, topics, idempotent writes, groups and their offsets."""
    topic = "rehearsal"
    admin = AIOKafkaAdminClient(**arguments)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 1)])
    await admin.close()
    async with AIOKafkaProducer(acks="all", enable_idempotence=True, **arguments) as producer:
        await producer.send_and_wait(topic, b"value", key=b"key")
    consumer = AIOKafkaConsumer(topic, group_id=topic, auto_offset_reset="earliest", **arguments)
    async with consumer:
        await consumer.getone()
        await consumer.commit()


def main() -> None:
    logging.getLogger("aiokafka").addHandler(logging.NullHandler())  # it complains while the broker starts
    try:
        install = asyncio.run(ensure_kafka(lambda line: print(line, file=sys.stderr)))  # noqa: T201
    except ActionableError as error:
        sys.exit(f"{error}\n{error.hint}")
    print(f"Kafka is ready in {install.jars.parent}")  # noqa: T201


if __name__ == "__main__":
    main()
