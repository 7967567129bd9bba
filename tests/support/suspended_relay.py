"""`python -m tests.support.suspended_relay DATABASE_URL BOOTSTRAP PARTITIONS`: a relay of states that suspends itself (SIGSTOP)
when it is about to send, and says what became of it when it goes on."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from ordercast.services.order_api.states.relay_states import FENCE, RelayStates
from ordercast.services.shared.db.engine import open_database
from ordercast.services.shared.kafka.errors import BrokerUnavailable
from ordercast.services.shared.kafka.ports import Publisher
from ordercast.services.shared.kafka.publisher import KafkaPublisher, open_publisher
from ordercast.services.shared.kafka.records import Record


class Suspended(KafkaPublisher):
    async def publish(self, topic: str, partition: int, records: Sequence[Record]) -> None:
        os.kill(os.getpid(), signal.SIGSTOP)
        await super().publish(topic, partition, records)


async def main(database_url: str, bootstrap: str, partitions: str) -> None:
    @asynccontextmanager
    async def suspended() -> AsyncIterator[Publisher]:
        async with open_publisher(bootstrap, client_id="suspended", fence=FENCE) as publisher:
            yield Suspended(publisher._producer)

    async with open_database(database_url, application="suspended") as sessions:
        relay = RelayStates(sessions, suspended, partitions=int(partitions), owner="suspended")
        try:
            said = f"sent {await relay.relay_once()}"
        except BrokerUnavailable as error:
            said = str(error)
    sys.stdout.write(said)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
