"""Reading events as tests of other projects do it: what is there, then what comes, and an end to the waiting."""

from datetime import UTC, datetime
from itertools import count
from typing import Final
from uuid import UUID, uuid4

import pytest

from ordercast.contracts.envelope import Envelope, encode
from ordercast.contracts.events import ProductViewed
from ordercast.contracts.topics import VIEWS, partition_of
from ordercast.services.shared.kafka.publisher import KafkaPublisher, open_publisher
from ordercast.services.shared.kafka.records import Record
from ordercast.testing.events import NoEvent, follow_events, read_events
from tests.support.fresh_topics import FreshTopics

NUMBERS: Final = count(1)
# Long enough (s) for an event that is there to be read, for a wait that ends at once when it is.
WITHIN_S: Final = 30.0


async def publish_view(publisher: KafkaPublisher, topics: FreshTopics, account_id: int) -> UUID:
    """A view of that account; its event's id."""
    moment = datetime.fromtimestamp(next(NUMBERS), UTC)
    envelope = Envelope(uuid4(), "test", moment, ProductViewed(account_id, 1, 1, moment))
    headers, body = encode(envelope)
    record = Record(str(account_id).encode(), body, headers, int(moment.timestamp() * 1_000))
    await publisher.publish(VIEWS.name, partition_of(account_id, topics.partitions), [record])
    return envelope.id


async def test_events_that_are_there_and_that_come_are_followed_for_one_account(fresh_topics: FreshTopics) -> None:
    async with open_publisher(fresh_topics.bootstrap, client_id="test") as publisher:
        expected = [await publish_view(publisher, fresh_topics, 1)]
        await publish_view(publisher, fresh_topics, 2)
        seen: list[UUID] = []
        async for event in follow_events(fresh_topics.bootstrap, VIEWS.name, account_id=1, within_s=WITHIN_S):
            seen.append(event.id)
            if len(seen) == 3:
                break
            await publish_view(publisher, fresh_topics, 2)
            expected.append(await publish_view(publisher, fresh_topics, 1))
    assert seen == expected


async def test_a_wait_for_an_event_that_does_not_come_fails_in_time(fresh_topics: FreshTopics) -> None:
    async with open_publisher(fresh_topics.bootstrap, client_id="test") as publisher:
        await publish_view(publisher, fresh_topics, 2)
    events = follow_events(fresh_topics.bootstrap, VIEWS.name, account_id=1, within_s=0.5)
    with pytest.raises(NoEvent, match=r"no further event of account 1 in the topic views within 0\.5 s"):
        await anext(events)


async def test_all_events_are_read_by_their_time_and_what_is_none_is_passed_over(fresh_topics: FreshTopics) -> None:
    async with open_publisher(fresh_topics.bootstrap, client_id="test") as publisher:
        ids = [await publish_view(publisher, fresh_topics, account) for account in (3, 1, 2, 1)]
        await publisher.publish(VIEWS.name, 1, [Record(b"1", b"poison", [("ce_type", b"nonsense")], 1)])
    assert [event.id for event in await read_events(fresh_topics.bootstrap, VIEWS.name, account_id=None)] == ids
    assert [event.id for event in await read_events(fresh_topics.bootstrap, VIEWS.name, account_id=1)] == ids[1::2]
