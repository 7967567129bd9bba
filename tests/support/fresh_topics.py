"""Empty topics for a test, on a broker that other tests have used."""

import asyncio
from dataclasses import dataclass
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient

from ordercast.contracts.topics import ALL_TOPICS
from ordercast.services.shared.kafka.topics import create_topics

POLL_S: Final = 0.01


@dataclass(frozen=True, slots=True)
class FreshTopics:
    """The topics of the contract with nothing in them, on the broker at `bootstrap`."""

    bootstrap: str
    partitions: int


async def empty_topics(bootstrap: str, partitions: int) -> None:
    """Deletes the topics of the contract, with the offsets that groups have committed for them, and makes them again."""
    ours = {topic.name for topic in ALL_TOPICS}
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        if there := ours.intersection(await admin.list_topics()):
            await admin.delete_topics(sorted(there))
        while ours.intersection(await admin.list_topics()):
            await asyncio.sleep(POLL_S)
    finally:
        await admin.close()
    await create_topics(bootstrap, partitions)
