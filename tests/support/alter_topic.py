"""A topic whose settings somebody changes who knows nothing of ours."""

import asyncio

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from ordercast.kafka_security import client_arguments

# As Kafka has it by default: a timestamp more than an hour ahead is refused.
AN_HOUR_AHEAD = {"message.timestamp.after.max.ms": "3600000"}


async def alter_topic(bootstrap: str, topic: str, settings: dict[str, str]) -> None:
    """Sets these and nothing else, and waits until the broker goes by them; `create_topics` brings ours back."""
    admin = AIOKafkaAdminClient(**client_arguments(bootstrap))
    await admin.start()
    try:
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=settings)])
        async with asyncio.timeout(10):
            while not settings.items() <= (await _settings_of(admin, topic)).items():
                await asyncio.sleep(0.05)
    finally:
        await admin.close()


async def _settings_of(admin: AIOKafkaAdminClient, topic: str) -> dict[str, str]:
    """All settings of the topic, as its broker has them."""
    [answer] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    [(_, _, _, _, entries)] = answer.resources
    return {entry[0]: entry[1] for entry in entries}
