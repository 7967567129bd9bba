"""Events of a topic as a test reads them: from the beginning, in no group, by the published contract."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from typing import Final

from ordercast.contracts.envelope import Envelope, EventRefused, decode
from ordercast.services.shared.kafka.open_consumer import open_reader, read_topic
from ordercast.services.shared.kafka.records import Partition, StoredRecord
from ordercast.services.shared.kafka.topic_ends import end_offsets

# Records of one poll, and how long (s) it waits for them before the clock is looked at.
POLL_RECORDS: Final = 1_000
POLL_S: Final = 0.2


class NoEvent(AssertionError):
    """The event that a test waits for did not come."""


async def follow_events(
    bootstrap: str, topic: str, *, account_id: int | None, within_s: float
) -> AsyncIterator[Envelope]:
    """The events of a topic, in their order for each account, for ever. What is no event is passed over.

    Raises:
        NoEvent: none came for `within_s`.
        BrokerUnavailable: the broker does not answer, or the topic is missing.
    """
    clock = asyncio.get_running_loop().time
    partitions = await end_offsets(bootstrap, [topic])
    async with open_reader(bootstrap, partitions, read_positions=_from_the_beginning) as reader:
        give_up_at = clock() + within_s
        while True:
            for piece in await reader.poll(max_records=POLL_RECORDS, timeout_s=POLL_S):
                for record in piece.records:
                    if (event := _event(record, account_id)) is not None:
                        yield event
                        give_up_at = clock() + within_s
            if clock() > give_up_at:
                whose = "" if account_id is None else f" of account {account_id}"
                raise NoEvent(f"no further event{whose} in the topic {topic} within {within_s:g} s")


async def read_events(bootstrap: str, topic: str, *, account_id: int | None) -> list[Envelope]:
    """The events that the topic holds now, by their time. What is no event is passed over.

    Raises:
        BrokerUnavailable: the broker does not answer, or the topic is missing.
    """
    found = [_event(record, account_id) async for record in read_topic(bootstrap, topic)]
    return sorted((event for event in found if event is not None), key=lambda event: event.time)


async def _from_the_beginning(partitions: Collection[Partition]) -> Mapping[Partition, int]:
    return dict.fromkeys(partitions, 0)


def _event(record: StoredRecord, account_id: int | None) -> Envelope | None:
    try:
        envelope = decode(record.headers, record.value)
    except EventRefused:  # any writer of the topic may err, and other tests may be about that
        return None
    wanted = account_id is None or getattr(envelope.event, "account_id", None) == account_id
    return envelope if wanted else None
