"""Creates the topics of the contract: `python -m services.shared.kafka.topics` with ORDERCAST_KAFKA_BOOTSTRAP."""

import asyncio
import os
import sys
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError as ClientError

from services.shared.contracts.topics import ALL_TOPICS
from services.shared.kafka.errors import BrokerUnavailable, KafkaError

# The feature table can be made again from the topics at any time, so they keep everything.
RETENTION: Final = {"retention.ms": "-1", "retention.bytes": "-1", "cleanup.policy": "delete"}
TOPIC_ALREADY_EXISTS: Final = 36


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
            NewTopic(name, count, replication, topic_configs=RETENTION)
            for name, count in wanted.items()
            if name not in there
        ]
        if new:
            _check(await admin.create_topics(new, timeout_ms=15_000))
    except (ClientError, OSError) as error:
        raise BrokerUnavailable(f"topics were not created at {bootstrap}: {error}") from error
    finally:
        await admin.close()
    for name, count in there.items():
        if count != wanted[name]:
            raise PartitionsDiffer(f"topic {name} has {count} partitions, not {wanted[name]}; partitions cannot change")


def _check(response: object) -> None:
    for topic, code, *message in getattr(response, "topic_errors", ()):
        if code not in (0, TOPIC_ALREADY_EXISTS):
            raise BrokerUnavailable(f"topic {topic} was not created: {message or code}")


def main() -> None:
    bootstrap = os.environ.get("ORDERCAST_KAFKA_BOOTSTRAP")
    if not bootstrap:
        sys.exit("ORDERCAST_KAFKA_BOOTSTRAP is not set: no broker to create topics on")
    partitions = int(os.environ.get("ORDERCAST_PARTITIONS", "8"))
    replication = int(os.environ.get("ORDERCAST_REPLICATION", "1"))
    asyncio.run(create_topics(bootstrap, partitions, replication=replication))


if __name__ == "__main__":
    main()
