"""Tries what a role may do on an embedded broker, and who strangers may claim to be."""

import asyncio
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)

from ordercast.contracts.topics import ALL_TOPICS
from ordercast.infra.kafka.rights import ADMIN, ROLES, Right, user_of
from ordercast.infra.local.kafka import KafkaBroker
from ordercast.kafka_security import client_arguments
from ordercast.running_client import running

FENCE: Final = "states"
GROUPS: Final = ("feature_worker", "webhooks")
DEADLINE_S: Final = 20.0
# Everything that is tried as each role.
TRIED: Final = [
    *(Right(role, "TOPIC", topic.name, way) for role in ROLES for topic in ALL_TOPICS for way in ("READ", "WRITE")),
    *(Right(role, "GROUP", group, "READ") for role in ROLES for group in GROUPS),
    *(Right(role, "TRANSACTIONAL_ID", FENCE, "WRITE") for role in ROLES),
]


async def allowed(broker: KafkaBroker) -> set[Right]:
    """What the broker lets each role do. Each topic has to hold a record."""
    answers = await asyncio.gather(*(may(broker, right) for right in TRIED))
    return {right for right, answer in zip(TRIED, answers, strict=True) if answer}


def strangers(broker: KafkaBroker) -> dict[str, dict[str, Any]]:
    return {
        "without a login": {"bootstrap_servers": broker.bootstrap},
        "with a wrong password": client_arguments(f"{user_of('relay')}:guessed@{broker.bootstrap}"),
        "with a name that nobody has": client_arguments(f"stranger:guessed@{broker.bootstrap}"),
        "as a service by PLAIN": client_arguments(broker.address("relay")) | {"sasl_mechanism": "PLAIN"},
        "as the super user with a wrong password": client_arguments(f"{user_of(ADMIN)}:guessed@{broker.bootstrap}")
        | {"sasl_mechanism": "PLAIN"},
    }


async def may(broker: KafkaBroker, right: Right) -> bool:
    """Whether the broker lets the role do it."""
    arguments = client_arguments(broker.address(right.role))
    place = TopicPartition(right.name, 0)
    try:
        async with asyncio.timeout(DEADLINE_S):
            if right.kind == "GROUP":
                async with AIOKafkaConsumer(group_id=right.name, **arguments) as consumer:
                    await consumer.committed(TopicPartition("orders", 0))
            elif right.kind == "TRANSACTIONAL_ID":
                fencing = AIOKafkaProducer(transactional_id=right.name, **arguments)
                async with running(fencing, start_deadline_s=DEADLINE_S):
                    pass
            elif right.operation == "WRITE":
                async with AIOKafkaProducer(acks="all", enable_idempotence=True, **arguments) as producer:
                    await producer.send_and_wait(right.name, b"{}", key=b"1", partition=0)
            else:
                async with AIOKafkaConsumer(**arguments) as consumer:
                    if (
                        right.name not in await consumer.topics()
                    ):  # else it would be asked for until somebody may see it
                        return False
                    consumer.assign([place])
                    consumer.seek(place, 0)
                    await consumer.getone()
    except (TopicAuthorizationFailedError, GroupAuthorizationFailedError, TransactionalIdAuthorizationFailed):
        return False
    return True
