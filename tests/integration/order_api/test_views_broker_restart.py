"""The broker goes and comes back under a service that sends views: it refuses in between, and goes on afterwards."""

import asyncio
from functools import partial
from pathlib import Path

from ordercast.services.order_api.views.send_views import open_send_views
from ordercast.services.shared.kafka.errors import BrokerUnavailable
from ordercast.services.shared.kafka.publisher import open_publisher
from ordercast.services.shared.kafka.topics import create_topics
from tests.support.stack import Stack
from tests.unit.services.order_api.test_send_views import view

# The client gives a batch up after 10 s; a broker is back within a few.
DEADLINE_S = 60.0


async def test_views_are_sent_again_once_the_broker_is_back(stack: Stack, tmp_path: Path) -> None:
    async with (
        stack.kafka(tmp_path / "kafka") as broker,
        open_send_views(partial(open_publisher, broker.bootstrap, client_id="test"), partitions=2) as sender,
    ):
        async with broker.running():
            await create_topics(broker.bootstrap, 2)
            assert await sender.send([view(1), view(2)]) == [None, None]
        assert all(isinstance(error, BrokerUnavailable) for error in await sender.send([view(1), view(2)]))
        async with broker.running(), asyncio.timeout(DEADLINE_S):
            for account in (1, 2):
                while await sender.send([view(account)]) != [None]:
                    pass
