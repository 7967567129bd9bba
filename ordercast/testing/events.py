"""Events of a topic as a test reads them: from the beginning, in no group, by the published contract."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from aiokafka import ConsumerRecord
from aiokafka.errors import KafkaError

from ordercast.client.kafka import KafkaUnavailable, ends_of, open_consumer, read_from, records_until
from ordercast.contracts.envelope import Envelope, EventRefused, decode
from ordercast.first_line import first_line

# Records of one poll, and how long (ms) it waits for them before the clock is looked at.
POLL_RECORDS: Final = 1_000
POLL_MS: Final = 200


class NoEvent(AssertionError):
    """The event that a test waits for did not come."""


async def follow_events(
    bootstrap: str, topic: str, *, account_id: int | None, within_s: float
) -> AsyncIterator[Envelope]:
    """The events of a topic, in their order for each account, for ever. What is no event is passed over.

    Raises:
        NoEvent: none came for `within_s`.
        KafkaUnavailable: the broker does not answer, or the topic is missing.
    """
    clock = asyncio.get_running_loop().time
    async with open_consumer(bootstrap) as consumer:
        read_from(consumer, dict.fromkeys(await ends_of(consumer, [topic]), 0))
        give_up_at = clock() + within_s
        while True:
            try:
                fetched = await consumer.getmany(timeout_ms=POLL_MS, max_records=POLL_RECORDS)
            except KafkaError as error:
                raise KafkaUnavailable(f"the topic {topic} cannot be read: {first_line(error)}") from error
            for records in fetched.values():
                for record in records:
                    if (event := _event(record, account_id)) is not None:
                        yield event
                        give_up_at = clock() + within_s
            if clock() > give_up_at:
                whose = "" if account_id is None else f" of account {account_id}"
                raise NoEvent(f"no further event{whose} in the topic {topic} within {within_s:g} s")


async def read_events(bootstrap: str, topic: str, *, account_id: int | None) -> list[Envelope]:
    """The events that the topic holds now, by their time. What is no event is passed over.

    Raises:
        KafkaUnavailable: the broker does not answer, or the topic is missing.
    """
    async with open_consumer(bootstrap) as consumer:
        pieces = records_until(consumer, await ends_of(consumer, [topic]))
        found = [_event(record, account_id) async for _, records in pieces for record in records]
    return sorted((event for event in found if event is not None), key=lambda event: event.time)


def _event(record: ConsumerRecord, account_id: int | None) -> Envelope | None:
    try:
        envelope = decode(list(record.headers), record.value)
    except EventRefused:  # any writer of the topic may err, and other tests may be about that
        return None
    wanted = account_id is None or getattr(envelope.event, "account_id", None) == account_id
    return envelope if wanted else None
