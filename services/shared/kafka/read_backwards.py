"""Reads the newest records of a topic from its end backwards: for whoever needs a few, and cannot know how large they are."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError as ClientError

from ordercast.kafka_security import brokers_of
from ordercast.services.shared.kafka.consumer import KafkaConsumer
from ordercast.services.shared.kafka.errors import BrokerUnavailable
from ordercast.services.shared.kafka.open_consumer import FEED_FETCH_BYTES, READ_WAIT_S, open_client
from ordercast.services.shared.kafka.records import Partition, StoredRecord
from ordercast.services.shared.kafka.topic_ends import DEADLINE_S, ends_by

# Records that are read at once. The first are few, since each may be as large as may be (1 MiB); as long as they are small,
# more and more.
FIRST_WINDOW: Final = 50
GROWS: Final = 4
# More than the first have no more bytes together than these, or fewer are read.
WINDOW_BYTES: Final = 8 << 20


async def read_backwards(
    bootstrap: str, partition: Partition, *, most: int, most_bytes: int
) -> AsyncGenerator[StoredRecord, None]:
    """The last `most` records of a partition, the newest first; none follows once those before it have `most_bytes` together.

    Raises:
        BrokerUnavailable: no broker answers at `bootstrap`, or the topic is missing.
    """
    async with open_client(
        bootstrap,
        start_deadline_s=DEADLINE_S,
        fetch_max_bytes=FEED_FETCH_BYTES,
        max_partition_fetch_bytes=FEED_FETCH_BYTES,
    ) as client:
        begin, end = await _bounds(client, partition, bootstrap)
        client.assign([TopicPartition(*partition)])
        first = max(begin, end - most)
        window = FIRST_WINDOW
        while first < end and most_bytes > 0:
            begins = max(first, end - window)
            records = await _read(client, partition, begins, end, None if window == FIRST_WINDOW else WINDOW_BYTES)
            if records is None:
                window = max(FIRST_WINDOW, window // GROWS)
                continue
            window *= GROWS
            for record in reversed(records):
                if most_bytes <= 0:
                    return
                most_bytes -= _size(record)
                yield record
            end = begins


async def _bounds(client: AIOKafkaConsumer, partition: Partition, bootstrap: str) -> tuple[int, int]:
    try:
        async with asyncio.timeout(DEADLINE_S):
            end = (await ends_by(client, [partition.topic]))[partition]
            key = TopicPartition(*partition)
            return (await client.beginning_offsets([key]))[key], end
    except (ClientError, TimeoutError, OSError) as error:
        raise BrokerUnavailable(f"no end of {partition.topic} from {brokers_of(bootstrap)}: {error!r}") from error


async def _read(
    client: AIOKafkaConsumer, partition: Partition, first: int, end: int, most_bytes: int | None
) -> list[StoredRecord] | None:
    """The records from `first` on and before `end`; None if they have more bytes."""

    async def place(_: Collection[Partition]) -> Mapping[Partition, int]:
        return {partition: at}

    at, found = first, list[StoredRecord]()
    reader = KafkaConsumer(client, place)
    while at < end:
        slices = await reader.poll(max_records=end - at, timeout_s=READ_WAIT_S)
        if not slices:
            await reader.ends()  # a broker that is gone says nothing to a poll
        for piece in slices:
            found += [record for record in piece.records if record.offset < end]
            at = piece.end
        if most_bytes is not None and sum(map(_size, found)) > most_bytes:
            return None
    return found


def _size(record: StoredRecord) -> int:
    headers = sum(len(name) + len(value or b"") for name, value in record.headers)
    return len(record.key or b"") + len(record.value or b"") + headers
