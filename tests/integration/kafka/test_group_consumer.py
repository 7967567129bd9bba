"""Members of a group on the real broker: Kafka shares out the partitions, the reader's own positions say where to go on."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from structlog.testing import capture_logs

from ordercast.services.shared.kafka.consumer import KafkaConsumer
from ordercast.services.shared.kafka.errors import BrokerUnavailable
from ordercast.services.shared.kafka.open_consumer import open_consumer
from ordercast.services.shared.kafka.records import Partition
from tests.support.consumer_checks import numbered, poll_all, values
from tests.support.logs_under_test import TOPIC_PARTITIONS, KafkaLogUnderTest, Positions, kafka_log_under_test


@pytest.fixture
async def log(kafka_bootstrap: str) -> AsyncIterator[KafkaLogUnderTest]:
    async with kafka_log_under_test(kafka_bootstrap) as log:
        yield log


@pytest.fixture
def group() -> str:
    return f"group-{uuid.uuid4().hex[:8]}"


@asynccontextmanager
async def group_tool(log: KafkaLogUnderTest, group: str) -> AsyncIterator[AIOKafkaConsumer]:
    """Sees and sets the offsets of a group as Kafka's own tools do."""
    tool = AIOKafkaConsumer(bootstrap_servers=log.bootstrap, group_id=group, enable_auto_commit=False)
    tool.assign([TopicPartition(topic, 0) for topic in log.topics])
    await tool.start()
    try:
        yield tool
    finally:
        await tool.stop()


async def poll_until_it_reads(consumer: KafkaConsumer, count: int) -> None:
    """Polls until the consumer has so many partitions."""
    async with asyncio.timeout(30):
        while len(consumer.positions) != count:
            await consumer.poll(max_records=100, timeout_s=0.1)


@pytest.mark.parametrize("committed", [0, 7, 10])
async def test_kafkas_own_offsets_do_not_matter(log: KafkaLogUnderTest, group: str, committed: int) -> None:
    place = Partition(log.topics[0], 0)
    await log.publisher.publish(*place, numbered(*range(10)))
    async with group_tool(log, group) as tool:
        await tool.commit({TopicPartition(*place): committed})
    async with open_consumer(
        log.bootstrap, log.topics, group=group, member="m", read_positions=Positions({place: 4})
    ) as consumer:
        assert values(await poll_all(consumer, 6)) == [4, 5, 6, 7, 8, 9]


async def test_shown_positions_are_what_kafkas_tools_see(log: KafkaLogUnderTest, group: str) -> None:
    place = Partition(log.topics[0], 0)
    await log.publisher.publish(*place, numbered(0, 1, 2))
    async with open_consumer(
        log.bootstrap, log.topics, group=group, member="m", read_positions=Positions()
    ) as consumer:
        await poll_all(consumer, 3)
        await consumer.show_positions({place: 2, Partition("not ours", 0): 7})
    async with group_tool(log, group) as tool:
        assert await tool.committed(TopicPartition(*place)) == 2


async def test_members_share_the_partitions_and_keep_those_of_one_number_together(
    log: KafkaLogUnderTest, group: str
) -> None:
    positions = Positions()
    everything = {Partition(topic, number) for topic in log.topics for number in range(TOPIC_PARTITIONS)}
    async with open_consumer(log.bootstrap, log.topics, group=group, member="one", read_positions=positions) as one:
        await poll_until_it_reads(one, len(everything))
        waiting = asyncio.create_task(poll_until_it_reads(one, 4))
        async with open_consumer(log.bootstrap, log.topics, group=group, member="two", read_positions=positions) as two:
            await asyncio.gather(waiting, poll_until_it_reads(two, 2))
            assert set(one.positions) | set(two.positions) == everything
            for member in (one, two):
                numbers = [{place.number for place in member.positions if place.topic == topic} for topic in log.topics]
                assert numbers[0] == numbers[1]


async def test_a_member_that_comes_back_takes_its_place_without_disturbing_the_others(
    log: KafkaLogUnderTest, group: str
) -> None:
    positions = Positions()
    open_member = partial(open_consumer, log.bootstrap, log.topics, group=group, read_positions=positions)
    async with open_member(member="a") as stays:
        async with open_member(member="b") as leaves:
            await asyncio.gather(poll_until_it_reads(stays, 4), poll_until_it_reads(leaves, 2))
        with capture_logs() as lines:
            async with open_member(member="b") as back:
                await asyncio.gather(poll_until_it_reads(stays, 4), poll_until_it_reads(back, 2))
        assigned = [line["partitions"] for line in lines if line["event"] == "partitions assigned"]
        assert assigned == [[f"{topic}/2" for topic in log.topics]]


async def test_one_member_too_many_waits_quietly(log: KafkaLogUnderTest, group: str) -> None:
    positions = Positions()
    async with AsyncExitStack() as stack:
        members = [
            await stack.enter_async_context(
                open_consumer(log.bootstrap, log.topics, group=group, member=f"m{number}", read_positions=positions)
            )
            for number in range(TOPIC_PARTITIONS + 1)
        ]

        async def share() -> list[int]:
            await asyncio.gather(*(member.poll(max_records=100, timeout_s=0.1) for member in members))
            return sorted(len(member.positions) for member in members)

        async with asyncio.timeout(30):
            while await share() != [0, 2, 2, 2]:
                pass
        (idle,) = (member for member in members if not member.positions)
        assert await idle.ends() == {}
        assert await idle.poll(max_records=100, timeout_s=0.1) == []


async def test_without_a_broker_it_says_so() -> None:
    with pytest.raises(BrokerUnavailable, match=r"no Kafka broker to read from at 127\.0\.0\.1:9"):
        async with open_consumer("127.0.0.1:9", ["a"], group="g", member="m", read_positions=Positions()):
            pass
