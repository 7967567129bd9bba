"""A topic whose settings somebody changes who knows nothing of ours."""

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from ordercast.kafka_security import client_arguments

# As Kafka has it by default: a timestamp more than an hour ahead is refused.
AN_HOUR_AHEAD = {"message.timestamp.after.max.ms": "3600000"}


async def alter_topic(bootstrap: str, topic: str, settings: dict[str, str]) -> None:
    """Sets these and nothing else; `create_topics` brings ours back."""
    admin = AIOKafkaAdminClient(**client_arguments(bootstrap))
    await admin.start()
    try:
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=settings)])
    finally:
        await admin.close()
