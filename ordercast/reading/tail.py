"""Events as they come, read by the published contract like any other consumer would: CloudEvents headers and JSON bodies."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import ConsumerRecord
from aiokafka.errors import KafkaError

from ordercast.client.kafka import KafkaUnavailable, ends_of, open_consumer, read_from
from ordercast.first_line import first_line


@dataclass(frozen=True, slots=True)
class TailedEvent:
    """A record of a topic. `data` is its JSON body, or the text of a body that is no JSON."""

    topic: str
    partition: int
    offset: int
    key: str | None
    type: str
    id: str
    time: str
    data: Any


async def tail(bootstrap: str, topics: Sequence[str], *, from_start: bool = False) -> AsyncIterator[TailedEvent]:
    """The events of the topics as they come, for ever; with `from_start` those that are there first.

    Raises:
        KafkaUnavailable: no broker answers at `bootstrap`, a topic is missing, or the broker went away.
    """
    async with open_consumer(bootstrap) as consumer:
        ends = await ends_of(consumer, topics)
        read_from(consumer, dict.fromkeys(ends, 0) if from_start else ends)
        try:
            while True:
                fetched = await consumer.getmany(timeout_ms=1_000)
                # Of what came together, the order across partitions is that of the events' times.
                records = [record for of_partition in fetched.values() for record in of_partition]
                for record in sorted(records, key=lambda record: record.timestamp):
                    yield _event(record)
        except KafkaError as error:
            raise KafkaUnavailable(f"the broker at {bootstrap} went away: {first_line(error)}") from error


def _event(record: ConsumerRecord) -> TailedEvent:
    headers = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
    text = (record.value or b"").decode(errors="replace")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        data = text
    return TailedEvent(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key.decode(errors="replace") if record.key is not None else None,
        type=headers.get("ce_type", ""),
        id=headers.get("ce_id", ""),
        time=headers.get("ce_time", ""),
        data=data,
    )
