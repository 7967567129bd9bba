"""Webhooks of the relay as a process, on a real broker: killed again and again while orders come and the receiver fails."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import make_url, text

from ordercast.infra.local.databases import service_logins
from ordercast.infra.migrations.rights import ROLES
from ordercast.infra.migrations.upgrade import make_roles
from ordercast.services.order_api.orders.place_orders import Line, OrderRequest, PlaceOrders
from ordercast.services.order_api.settings import RelaySettings
from ordercast.services.order_api.webhooks.subscriptions import add_subscription
from ordercast.services.shared.db.engine import Sessions, open_database
from tests.support.fresh_topics import FreshTopics
from tests.support.seeds import seed_accounts, seed_products
from tests.support.service_process import environment
from tests.support.webhook_receiver import Receiver, receiving
from tests.support.webhook_shop import ORDERED

LOGINS: Final = service_logins({role: f"password of {role}" for role in ROLES})
WITHIN_S: Final = 120.0
ROUNDS: Final = 3
ORDERS: Final = 40
# What a URL may hold that only its owner should know.
TOKEN: Final = "known-to-the-owner"


@contextmanager
def relay_process(settings: RelaySettings, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Killed at the end, as by a machine that fails."""
    command = [sys.executable, "-P", "-m", "ordercast.services.order_api", "relay"]
    with log.open("ab") as output:
        process = subprocess.Popen(command, env=environment(settings), stdout=output, stderr=output)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def more_events(receiver: Receiver, count: int, process: subprocess.Popen[bytes], log: Path) -> None:
    async with asyncio.timeout(WITHIN_S):
        while len(receiver.events) < count:
            assert process.poll() is None, log.read_text()
            await asyncio.sleep(0.05)


def as_role(database_url: str, role: str) -> str:
    login = LOGINS[role]
    return (
        make_url(database_url).set(username=login.user, password=login.password).render_as_string(hide_password=False)
    )


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[Sessions]:
    """Those of order_api, which may do what it may in a system."""
    await make_roles(database_url, LOGINS)
    async with open_database(as_role(database_url, "order_api"), application="test") as sessions:
        yield sessions


async def test_killed_in_the_middle_it_loses_nothing_and_sums_are_those_of_the_orders(
    database_url: str, sessions: Sessions, fresh_topics: FreshTopics, tmp_path: Path
) -> None:
    settings = RelaySettings(
        database_url=as_role(database_url, "relay"),
        kafka_bootstrap=fresh_topics.bootstrap,
        partitions=fresh_topics.partitions,
        relay_id="relay-0",
        webhook_private_addresses=True,
    )
    accounts, (product,) = await seed_accounts(sessions, 5), await seed_products(sessions, ["1"])
    place, log = PlaceOrders(sessions, partitions=fresh_topics.partitions), tmp_path / "log"
    async with receiving() as receiver:
        async with sessions() as session, session.begin():
            shown = await add_subscription(
                session, account_id=accounts[0], url=f"{receiver.url}?token={TOKEN}", event_types=["order.placed"]
            )
        receiver.secret = shown.secret
        for number in range(ROUNDS):
            await place([OrderRequest(accounts[n % 5], [Line(product, 1 + n % 4)]) for n in range(ORDERS)])
            receiver.failing = number == 1
            with relay_process(settings, log) as process:
                if receiver.failing:
                    async with asyncio.timeout(WITHIN_S):
                        while not receiver.refused:
                            assert process.poll() is None, log.read_text()
                            await asyncio.sleep(0.05)
                else:
                    await more_events(receiver, number * ORDERS // 2 + 10, process, log)
        async with (
            open_database(as_role(database_url, "relay"), application="test", pool_size=1) as of_relay,
            of_relay() as session,
            session.begin(),
        ):
            # Sooner than leases end and failures come again.
            await session.execute(
                text("UPDATE webhook_deliveries SET next_attempt_at = clock_timestamp() WHERE state = 'WAITING'")
            )
        receiver.failing = False
        with relay_process(settings, log) as process:
            await more_events(receiver, ROUNDS * ORDERS, process, log)
        async with sessions() as session:
            ordered = {row[0]: row[1] for row in await session.execute(text(ORDERED))}
    assert len(receiver.events) == ROUNDS * ORDERS
    assert receiver.quantities() == ordered
    said = log.read_text()
    assert said
    assert not [hidden for hidden in (TOKEN, shown.secret, shown.secret.removeprefix("whsec_")) if hidden in said]
