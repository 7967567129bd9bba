"""A relay that is suspended just while it sends, on a real broker: when it goes on, another one has sent a newer state."""

import asyncio
import os
import signal
import subprocess
import sys
from functools import partial

from sqlalchemy import text

from ordercast.contracts.events import ProductChanged
from ordercast.services.order_api.states.relay_states import FENCE, RelayStates
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.kafka.publisher import open_publisher
from ordercast.services.shared.process.background import running_beside
from ordercast.testing.events import read_events
from tests.support.fresh_topics import FreshTopics
from tests.support.seeds import seed_products

WITHIN_S = 60.0


async def execute(sessions: Sessions, statement: str) -> None:
    async with sessions() as session, session.begin():
        await session.execute(text(statement))


async def until_all_are_sent(sessions: Sessions) -> None:
    while True:
        async with sessions() as session:
            if not (await session.execute(text("SELECT count(*) FROM state_outbox"))).scalar_one():
                return
        await asyncio.sleep(0.01)


async def test_what_a_suspended_relay_sends_late_does_not_become_the_last_state(
    database_url: str, sessions: Sessions, fresh_topics: FreshTopics
) -> None:
    await seed_products(sessions, ["1"])
    command = [sys.executable, "-m", "tests.support.suspended_relay", database_url, fresh_topics.bootstrap]
    command.append(str(fresh_topics.partitions))
    process = await asyncio.to_thread(subprocess.Popen, command, stdout=subprocess.PIPE, text=True)
    try:
        async with asyncio.timeout(WITHIN_S):
            _, status = await asyncio.to_thread(os.waitpid, process.pid, os.WUNTRACED)
            assert os.WIFSTOPPED(status), process.stdout and process.stdout.read()
            # It holds the price 1; its lease runs out, and another one takes over when the price has changed.
            await execute(sessions, "UPDATE products SET price = 2")
            await execute(sessions, "UPDATE state_streams SET leased_until = now() - interval '1 s'")
            opened = partial(open_publisher, fresh_topics.bootstrap, client_id="other", fence=FENCE)
            other = RelayStates(sessions, opened, partitions=fresh_topics.partitions, owner="other")
            async with running_beside(other.run, name="other"):
                await until_all_are_sent(sessions)
                process.send_signal(signal.SIGCONT)
                said, _ = await asyncio.to_thread(process.communicate)
    finally:
        process.kill()
    assert "products/" in said  # the broker refused it
    events = [envelope.event for envelope in await read_events(fresh_topics.bootstrap, "products", account_id=None)]
    assert isinstance(events[-1], ProductChanged)
    assert [str(getattr(event, "price", None)) for event in events] == ["1.0000", "2.0000"]
