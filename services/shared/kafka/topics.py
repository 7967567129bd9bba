"""Creates the topics of the contract: `python -m ordercast.services.shared.kafka.topics` with ORDERCAST_KAFKA_BOOTSTRAP."""

import asyncio
import logging
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError as ClientError
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from ordercast.contracts.topics import ALL_TOPICS
from ordercast.first_line import first_line
from ordercast.services.shared.kafka.errors import BrokerUnavailable, KafkaError
from ordercast.services.shared.process.exit_with_reason import exit_with_reason
from ordercast.services.shared.process.settings import read_settings

# The feature table can be made again from the topics at any time, so they keep everything.
RETENTION: Final = {"retention.ms": "-1", "retention.bytes": "-1", "cleanup.policy": "delete"}
# With three replicas an acknowledged record is on two brokers at least, so it outlives any one of them, and writing goes on
# while one is away. With fewer replicas two would only mean that nothing is written while one is away.
IN_SYNC_REPLICAS: Final = 2
REPLICAS_FOR_IN_SYNC: Final = 3
TOPIC_ALREADY_EXISTS: Final = 36


class TopicSettings(BaseSettings):
    """What making the topics takes. Each field is the variable ORDERCAST_<FIELD>."""

    model_config = SettingsConfigDict(env_prefix="ORDERCAST_", frozen=True, hide_input_in_errors=True)

    kafka_bootstrap: str = Field(description="host:port of a broker")
    partitions: int = Field(default=8, ge=1, description="of the topics orders and views; fixed for a system's life")
    replication: int = Field(default=1, ge=1, description="brokers that keep a copy of each partition")


class PartitionsDiffer(KafkaError):
    """Permanent: a topic is there with another number of partitions, so accounts would change their partition."""


async def create_topics(bootstrap: str, partitions: int, *, replication: int = 1) -> None:
    """Creates what is missing of the topics and checks the partitions of the rest.

    Raises:
        BrokerUnavailable: no broker answers.
        PartitionsDiffer: a topic has another number of partitions than asked for.
    """
    wanted = {topic.name: topic.partitions or partitions for topic in ALL_TOPICS}
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        there = {
            info["topic"]: len(info["partitions"]) for info in await admin.describe_topics() if info["topic"] in wanted
        }
        new = [
            NewTopic(name, count, replication, topic_configs=topic_configs(replication))
            for name, count in wanted.items()
            if name not in there
        ]
        if new:
            _check(await admin.create_topics(new, timeout_ms=15_000))
    except (ClientError, OSError) as error:
        raise BrokerUnavailable(f"topics were not created at {bootstrap}: {first_line(error)}") from error
    finally:
        await admin.close()
    for name, count in there.items():
        if count != wanted[name]:
            raise PartitionsDiffer(f"topic {name} has {count} partitions, not {wanted[name]}; partitions cannot change")


def topic_configs(replication: int) -> dict[str, str]:
    """What is set at each topic."""
    in_sync = {"min.insync.replicas": str(IN_SYNC_REPLICAS)} if replication >= REPLICAS_FOR_IN_SYNC else {}
    return {**RETENTION, **in_sync}


def _check(response: object) -> None:
    for topic, code, *message in getattr(response, "topic_errors", ()):
        if code not in (0, TOPIC_ALREADY_EXISTS):
            raise BrokerUnavailable(f"topic {topic} was not created: {message or code}")


def main() -> None:
    logging.basicConfig(handlers=[logging.NullHandler()])  # the last line below says it; the client would add its own
    with exit_with_reason("topics", KafkaError):
        settings = read_settings(TopicSettings)
        asyncio.run(create_topics(settings.kafka_bootstrap, settings.partitions, replication=settings.replication))


if __name__ == "__main__":
    main()
