"""Opening consumers: a member of a group, or a reader of given partitions."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import KafkaError as ClientError

from ordercast.contracts.topics import ALL_TOPICS
from ordercast.kafka_security import brokers_of, client_arguments
from ordercast.running_client import running
from ordercast.services.shared.kafka.consumer import KafkaConsumer
from ordercast.services.shared.kafka.errors import BrokerUnavailable
from ordercast.services.shared.kafka.ports import ReadPositions
from ordercast.services.shared.kafka.records import Partition, StoredRecord
from ordercast.services.shared.kafka.topic_ends import DEADLINE_S, ends_by

log = structlog.stdlib.get_logger()

# Bytes of one answer to a fetch, which bound the memory of what waits to be polled, and of one partition in it, so that several
# share an answer: with a long backlog in many, each would else wait for 4 MiB of every other one. A batch that is larger comes
# alone (KIP-74).
FETCH_BYTES: Final = 4 * 1024 * 1024
FETCH_PARTITION_BYTES: Final = 1024 * 1024
# The same where there are many readers, which do not fetch ahead: so much of each broker waits to be polled, however many the
# partitions are. A batch that is larger comes alone.
FEED_FETCH_BYTES: Final = 512 * 1024
# Joining the group waits for its other members (s); a broker that does not answer is given up after the same time.
START_DEADLINE_S: Final = 30.0
SESSION_TIMEOUT_S: Final = 15.0
# Heartbeats in the time after which Kafka counts a silent member as dead.
HEARTBEATS_IN_A_SESSION: Final = 4
# Records of one poll of `read_topic`, and how long (s) it waits for them before it looks again.
READ_RECORDS: Final = 1_000
READ_WAIT_S: Final = 1.0
# Topics whose logs have holes that are no loss.
COMPACTED: Final = frozenset(topic.name for topic in ALL_TOPICS if topic.compacted)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Only notes what happened, and acquires no lock: the client waits for it, and `getmany` waits for the client."""

    def __init__(self) -> None:
        self.consumer: KafkaConsumer | None = None

    def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        self._note()

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        log.info("partitions assigned", partitions=sorted(f"{key.topic}/{key.partition}" for key in assigned))
        self._note()

    def _note(self) -> None:
        if self.consumer is not None:
            self.consumer.reposition()


@asynccontextmanager
async def open_consumer(
    bootstrap: str,
    topics: Collection[str],
    *,
    group: str,
    member: str,
    read_positions: ReadPositions,
    session_timeout_s: float = SESSION_TIMEOUT_S,
) -> AsyncIterator[KafkaConsumer]:
    """A member of a group. `member` is its permanent name: when it comes back it gets its partitions without a rebalance.

    Partitions of the same number go to the same member in all topics. A member that is silent for `session_timeout_s`
    loses them to the others.

    Raises:
        BrokerUnavailable: no broker answers at `bootstrap`, or a topic is missing.
    """
    client = _client(
        bootstrap,
        group_id=group,
        group_instance_id=member,
        partition_assignment_strategy=(RangePartitionAssignor,),
        session_timeout_ms=int(session_timeout_s * 1000),
        heartbeat_interval_ms=int(session_timeout_s * 1000 / HEARTBEATS_IN_A_SESSION),
    )
    listener = _Listener()
    client.subscribe(topics=list(topics), listener=listener)
    listener.consumer = consumer = KafkaConsumer(client, read_positions, compacted=COMPACTED)
    async with _running(client, bootstrap):
        yield consumer


@asynccontextmanager
async def open_reader(
    bootstrap: str, partitions: Collection[Partition], *, read_positions: ReadPositions
) -> AsyncIterator[KafkaConsumer]:
    """Reads the given partitions, in no group.

    Raises:
        BrokerUnavailable: no broker answers at `bootstrap`.
    """
    client = _client(bootstrap)
    client.assign([TopicPartition(*partition) for partition in partitions])
    async with _running(client, bootstrap):
        yield KafkaConsumer(client, read_positions)


@asynccontextmanager
async def open_feed_reader(
    bootstrap: str, partitions: Collection[Partition], read_positions: ReadPositions
) -> AsyncIterator[KafkaConsumer]:
    """As `open_reader`, one of many at once: it fetches less and nothing ahead, and takes what compaction leaves of a topic.

    Raises:
        BrokerUnavailable: no broker answers at `bootstrap`.
    """
    client = _client(bootstrap, fetch_max_bytes=FEED_FETCH_BYTES, max_partition_fetch_bytes=FEED_FETCH_BYTES)
    client.assign([TopicPartition(*partition) for partition in partitions])
    async with _running(client, bootstrap):
        yield KafkaConsumer(client, read_positions, compacted=COMPACTED, fetches_ahead=False)


@asynccontextmanager
async def open_client(bootstrap: str, *, start_deadline_s: float, **settings: Any) -> AsyncIterator[AIOKafkaConsumer]:
    """A client of no group, for whoever places it.

    Raises:
        BrokerUnavailable: no broker answers at `bootstrap`.
    """
    client = _client(bootstrap, **settings)
    async with _running(client, bootstrap, start_deadline_s=start_deadline_s):
        yield client


async def read_topic(bootstrap: str, topic: str) -> AsyncIterator[StoredRecord]:
    """Every record that a topic holds when the reading begins, each partition in its order.

    Raises:
        BrokerUnavailable: no broker answers at `bootstrap`, or the topic is missing.
    """
    positions: dict[Partition, int] = {}

    async def read_positions(partitions: Collection[Partition]) -> Mapping[Partition, int]:
        return {partition: positions.get(partition, 0) for partition in partitions}

    client = _client(bootstrap)
    async with _running(client, bootstrap, start_deadline_s=DEADLINE_S):
        try:
            async with asyncio.timeout(DEADLINE_S):
                ends = {partition: end for partition, end in (await ends_by(client, [topic])).items() if end > 0}
        except (ClientError, TimeoutError, OSError) as error:
            raise BrokerUnavailable(f"no end of {topic} from {brokers_of(bootstrap)}: {error!r}") from error
        client.assign([TopicPartition(*partition) for partition in ends])
        reader = KafkaConsumer(client, read_positions)
        while any(positions.get(partition, 0) < end for partition, end in ends.items()):
            slices = await reader.poll(max_records=READ_RECORDS, timeout_s=READ_WAIT_S)
            if not slices:
                await reader.ends()  # a broker that is gone says nothing to a poll
            for piece in slices:
                for record in piece.records:
                    if record.offset < ends[piece.partition]:
                        yield record
                positions[piece.partition] = piece.end


def _client(bootstrap: str, **settings: Any) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        auto_offset_reset="none",
        enable_auto_commit=False,
        **{
            "fetch_max_bytes": FETCH_BYTES,
            "max_partition_fetch_bytes": FETCH_PARTITION_BYTES,
            **client_arguments(bootstrap),
            **settings,
        },
    )


@asynccontextmanager
async def _running(
    client: AIOKafkaConsumer, bootstrap: str, *, start_deadline_s: float = START_DEADLINE_S
) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(running(client, start_deadline_s=start_deadline_s))
        except (ClientError, TimeoutError, OSError) as error:
            raise BrokerUnavailable(f"no Kafka broker to read from at {brokers_of(bootstrap)}: {error!r}") from error
        yield
