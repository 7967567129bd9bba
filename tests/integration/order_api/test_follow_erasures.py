"""An erased nickname goes out of Kafka in time, also where nothing else comes to its partition."""

import asyncio
from datetime import timedelta
from functools import partial

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from sqlalchemy import text

from ordercast.contracts.topics import ACCOUNTS
from ordercast.services.order_api.states.follow_erasures import _FOLLOW, FOLLOWED_AFTER, follow_once
from ordercast.services.order_api.states.relay_states import FENCE, RelayStates
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.kafka.open_consumer import read_topic
from ordercast.services.shared.kafka.publisher import open_publisher
from ordercast.services.shared.kafka.topics import topic_configs
from ordercast.services.shared.process.background import running_beside
from tests.support.fresh_topics import FreshTopics
from tests.support.lock_waits import until_somebody_waits_for_a_lock

PARTITIONS = 4
# Kafka looks for what is to be compacted every 15 s.
WITHIN_S = 120.0
SIGN_UP = """
    INSERT INTO accounts (email, nickname, password_hash, role, login_type)
    SELECT n || '@example.com', :name || n, 'hash', 'CUSTOMER', 'PASSWORD' FROM generate_series(1, :count) AS n
"""
WAITS_FOR_PARTITION_0 = """
    INSERT INTO state_outbox (topic, key, event_type, state, occurred_at)
    VALUES ('accounts', 4, 'ordercast.account.changed.v1', '{"nickname": null}', now())
"""
ERASE = "UPDATE accounts SET erased_at = clock_timestamp() - CAST(:ago AS interval)"


async def execute(sessions: Sessions, statement: str, **values: object) -> None:
    async with sessions() as session, session.begin():
        await session.execute(text(statement), values)


async def all_is_sent(sessions: Sessions) -> None:
    while True:
        async with sessions() as session:
            if not (await session.execute(text("SELECT count(*) FROM state_outbox"))).scalar_one():
                return
        await asyncio.sleep(0.01)


async def test_erasures_of_a_partition_are_followed_by_one_event_a_day_later(sessions: Sessions) -> None:
    await execute(sessions, SIGN_UP, name="ann", count=2 * PARTITIONS)
    await execute(sessions, "INSERT INTO state_streams (topic, partition) SELECT 'accounts', generate_series(0, 3)")
    follow = partial(follow_once, sessions, partitions=PARTITIONS)
    await execute(sessions, ERASE, ago=FOLLOWED_AFTER - timedelta(minutes=1))
    await execute(sessions, "DELETE FROM state_outbox")
    assert await follow() == 0
    await execute(sessions, ERASE, ago=FOLLOWED_AFTER)
    await execute(sessions, WAITS_FOR_PARTITION_0)
    assert sorted(await asyncio.gather(follow(), follow())) == [0, PARTITIONS - 1]
    await execute(sessions, "DELETE FROM state_outbox")
    assert await follow() == 1
    assert await follow() == 0


async def test_the_streams_are_locked_in_the_order_in_which_relays_lock_them(sessions: Sessions) -> None:
    partitions = 8
    await execute(sessions, SIGN_UP, name="ann", count=partitions)
    await execute(sessions, "INSERT INTO state_streams (topic, partition) SELECT 'accounts', generate_series(0, 7)")
    await execute(sessions, ERASE, ago=FOLLOWED_AFTER)
    await execute(sessions, "DELETE FROM state_outbox")

    async def follow() -> int:
        async with sessions() as session, session.begin():
            await session.execute(text("SET LOCAL enable_sort = off"))  # in no order by chance
            return len((await session.execute(_FOLLOW, {"partitions": partitions, "after": FOLLOWED_AFTER})).all())

    lock = "SELECT FROM state_streams WHERE partition {} FOR UPDATE NOWAIT"
    async with sessions() as relay, relay.begin():
        await relay.execute(text(lock.format("= 0")))
        following = asyncio.create_task(follow())
        await until_somebody_waits_for_a_lock(sessions)
        await relay.execute(text(lock.format("> 0")))
    assert await following == partitions


async def test_erased_accounts_are_found_by_an_index_and_no_other_row_read(sessions: Sessions) -> None:
    async with sessions() as session, session.begin():
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        values = {"partitions": PARTITIONS, "after": FOLLOWED_AFTER}
        plan = [row[0] for row in await session.execute(text(f"EXPLAIN {_FOLLOW.text}"), values)]
    assert [line for line in plan if "Index Cond" in line and "erased_at <= " in line], "\n".join(plan)


async def test_kafka_forgets_an_erased_name_although_nothing_else_comes(
    sessions: Sessions, fresh_topics: FreshTopics
) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=fresh_topics.bootstrap)
    await admin.start()
    configs = topic_configs(ACCOUNTS, 1) | {"max.compaction.lag.ms": "1000"}
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, "accounts", configs=configs)])
    await admin.close()
    opened = partial(open_publisher, fresh_topics.bootstrap, client_id="test", fence=FENCE)
    relay = RelayStates(sessions, opened, partitions=fresh_topics.partitions, owner="relay-0")
    async with running_beside(relay.run, name="relay"):
        await execute(sessions, SIGN_UP, name="ann", count=1)
        await all_is_sent(sessions)
        await execute(sessions, ERASE, ago=timedelta())
        await all_is_sent(sessions)
        while not await follow_once(sessions, partitions=fresh_topics.partitions, after=timedelta(seconds=1.1)):
            await asyncio.sleep(0.1)
        await all_is_sent(sessions)
    async with asyncio.timeout(WITHIN_S):
        while b"ann1" in await everything(fresh_topics.bootstrap):
            await asyncio.sleep(0.5)


async def everything(bootstrap: str) -> bytes:
    return b"".join([record.value or b"" async for record in read_topic(bootstrap, "accounts")])
