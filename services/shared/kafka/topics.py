"""Creates the topics of the contract: `python -m ordercast.services.shared.kafka.topics` with ORDERCAST_KAFKA_BOOTSTRAP."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    InvalidConfigurationError,
    PolicyViolationError,
    TopicAuthorizationFailedError,
)
from aiokafka.errors import KafkaError as ClientError
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from ordercast.contracts.topics import ALL_TOPICS, COMPACTED_AFTER, Topic
from ordercast.first_line import first_line
from ordercast.kafka_security import brokers_of, client_arguments
from ordercast.services.shared.kafka.errors import BrokerUnavailable, KafkaError
from ordercast.services.shared.process.exit_with_reason import exit_with_reason
from ordercast.services.shared.process.settings import read_settings

log = logging.getLogger(__name__)

# The feature table can be made again from the topics at any time, so they keep everything, or all that was said last.
RETENTION: Final = {"retention.ms": "-1", "retention.bytes": "-1", "cleanup.policy": "delete"}
# Of the topics that keep the last event of each key. After the lag (ms) the next event of a partition begins another segment, and
# Kafka compacts those before it, so an erased nickname goes: without the lag it compacts when half of a log is old, which in a
# quiet shop is never. The segment that is written is never compacted, so the relay sees to it that an event comes.
COMPACTION: Final = {
    "cleanup.policy": "compact",
    "max.compaction.lag.ms": str(COMPACTED_AFTER // timedelta(milliseconds=1)),
}
# What a service has accepted gets in, whatever the service's clock says and the broker's defaults are: by these, Kafka 4 refuses
# a batch with a timestamp more than an hour ahead of its own clock, and some brokers take less than our 900 kB in a batch.
ADMITTANCE: Final = {
    "message.timestamp.after.max.ms": str(2**63 - 1),
    "message.timestamp.before.max.ms": str(2**63 - 1),
    "max.message.bytes": str(2 * 1024 * 1024),
}
# What a topic may refuse where its limit is lower.
AT_STAKE: Final = {
    "message.timestamp.after.max.ms": "events of a host whose clock is ahead",
    "message.timestamp.before.max.ms": "events that waited for long, or of a host whose clock is behind",
    "max.message.bytes": "large events and batches",
}
# With three replicas an acknowledged record is on two brokers at least, so it outlives any one of them, and writing goes on
# while one is away. With fewer replicas two would only mean that nothing is written while one is away.
IN_SYNC_REPLICAS: Final = 2
REPLICAS_FOR_IN_SYNC: Final = 3
TOPIC_ALREADY_EXISTS: Final = 36
# The answers that a rule of the cluster gives, so that no other try helps: a setting that it does not know or take, its
# operators' policy, and missing rights to the topic or the cluster.
SETTINGS_REFUSED: Final = (InvalidConfigurationError.errno, PolicyViolationError.errno)
FORBIDDEN: Final = (TopicAuthorizationFailedError.errno, ClusterAuthorizationFailedError.errno, *SETTINGS_REFUSED)
# Where a setting comes from, in Kafka's protocol: from the topic itself, not from a default of the broker.
SET_AT_THE_TOPIC: Final = 1


class TopicSettings(BaseSettings):
    """What making the topics takes. Each field is the variable ORDERCAST_<FIELD>."""

    model_config = SettingsConfigDict(env_prefix="ORDERCAST_", frozen=True, hide_input_in_errors=True)

    kafka_bootstrap: str = Field(description="host:port of a broker")
    partitions: int = Field(default=8, ge=1, description="of the topics orders and views; fixed for a system's life")
    replication: int = Field(default=1, ge=1, description="brokers that keep a copy of each partition")


class PartitionsDiffer(KafkaError):
    """Permanent: a topic is there with another number of partitions, so accounts would change their partition."""


async def create_topics(bootstrap: str, partitions: int, *, replication: int = 1) -> None:
    """Creates what is missing of the topics; checks the partitions of the rest and lets them take whatever is accepted.

    Where the cluster forbids the latter, a warning says what a topic may refuse: its operators may have set it another way.

    Raises:
        BrokerUnavailable: no broker answers, or it does not make or alter a topic; the message says why.
        PartitionsDiffer: a topic has another number of partitions than asked for.
    """
    wanted = {topic.name: topic.partitions or partitions for topic in ALL_TOPICS}
    admin = AIOKafkaAdminClient(**client_arguments(bootstrap))
    try:
        await admin.start()
        there = {
            info["topic"]: len(info["partitions"]) for info in await admin.describe_topics() if info["topic"] in wanted
        }
        missing = [
            NewTopic(topic.name, wanted[topic.name], replication, topic_configs=topic_configs(topic, replication))
            for topic in ALL_TOPICS
            if topic.name not in there
        ]
        await _open_up(admin, [*there, *await _create(admin, missing)])
    except (ClientError, OSError) as error:
        raise BrokerUnavailable(f"topics were not created at {brokers_of(bootstrap)}: {first_line(error)}") from error
    finally:
        await admin.close()
    for name, count in there.items():
        if count != wanted[name]:
            raise PartitionsDiffer(f"topic {name} has {count} partitions, not {wanted[name]}; partitions cannot change")


async def _create(admin: AIOKafkaAdminClient, missing: Sequence[NewTopic]) -> list[str]:
    """Creates topics; the names of those that the cluster made only without the limits in `ADMITTANCE`."""
    refused = await _try_to_create(admin, missing)
    again = [topic for topic in missing if topic.name in refused]
    for topic in again:
        topic.topic_configs = {key: value for key, value in topic.topic_configs.items() if key not in ADMITTANCE}
    if still := await _try_to_create(admin, again):
        raise BrokerUnavailable("; ".join(f"topic {name} was not created: {why}" for name, why in still.items()))
    return [*refused]


async def _try_to_create(admin: AIOKafkaAdminClient, topics: Sequence[NewTopic]) -> dict[str, object]:
    """Those whose settings the cluster does not take, and why. Raises BrokerUnavailable for any other reason."""
    refused: dict[str, object] = {}
    if topics:
        for name, code, *message in (await admin.create_topics(topics, timeout_ms=15_000)).topic_errors:
            if code in SETTINGS_REFUSED:
                refused[name] = message or code
            elif code not in (0, TOPIC_ALREADY_EXISTS):
                raise BrokerUnavailable(f"topic {name} was not created: {message or code}")
    return refused


async def _open_up(admin: AIOKafkaAdminClient, topics: Iterable[str]) -> None:
    """Raises the limits in `ADMITTANCE` where a topic's are lower, and leaves its other settings as they are.

    aiokafka has only the older request to alter, which resets what it does not name: so it gets all that is set at the topic.
    """
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in topics]
    if not resources:
        return
    altered, low = [], dict[str, Iterable[str]]()
    for code, message, _, name, entries in (await admin.describe_configs(resources))[0].resources:
        if code:
            _warn_or_raise(name, ADMITTANCE, code, f"cannot be read: {message or code}")
            continue
        settings = {key: (value, source) for key, value, _, source, *_ in entries}
        if unknown := ADMITTANCE.keys() - settings.keys():
            _warn(name, unknown, "cannot be raised: the broker does not know them")
        lower = {
            key: limit for key, limit in ADMITTANCE.items() if key in settings and int(settings[key][0]) < int(limit)
        }
        if lower:
            own = {key: value for key, (value, source) in settings.items() if source == SET_AT_THE_TOPIC}
            altered.append(ConfigResource(ConfigResourceType.TOPIC, name, configs=own | lower))
            low[name] = lower
    if altered:
        for code, message, _, name in (await admin.alter_configs(altered))[0].resources:
            if code:
                _warn_or_raise(name, low[name], code, f"were not raised: {message or code}")


def _warn_or_raise(topic: str, limits: Iterable[str], code: int, reason: str) -> None:
    """Raises BrokerUnavailable where another try may help."""
    if code not in FORBIDDEN:
        raise BrokerUnavailable(f"the limits of topic {topic} {reason}")
    _warn(topic, limits, reason)


def _warn(topic: str, limits: Iterable[str], reason: str) -> None:
    refused = "; ".join(f"{AT_STAKE[limit]} ({limit}={ADMITTANCE[limit]} is asked for)" for limit in sorted(limits))
    log.warning("topics: the limits of topic %s %s. Where they are low, it may refuse: %s", topic, reason, refused)


def topic_configs(topic: Topic, replication: int) -> dict[str, str]:
    """What is set at a topic."""
    in_sync = {"min.insync.replicas": str(IN_SYNC_REPLICAS)} if replication >= REPLICAS_FOR_IN_SYNC else {}
    return {**RETENTION, **(COMPACTION if topic.compacted else {}), **ADMITTANCE, **in_sync}


def main() -> None:
    logging.basicConfig(handlers=[logging.NullHandler()])  # the last line below says it; the client would add its own
    log.addHandler(logging.StreamHandler())
    with exit_with_reason("topics", KafkaError):
        settings = read_settings(TopicSettings)
        asyncio.run(create_topics(settings.kafka_bootstrap, settings.partitions, replication=settings.replication))


if __name__ == "__main__":
    main()
