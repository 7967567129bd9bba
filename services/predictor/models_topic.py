"""The topic `models`: the signal that something has changed. What has changed stands in the database.

Every predictor reads the whole topic by itself, without a consumer group, from the moment it connects: what came before is
in the record already.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Final, NoReturn

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError as ClientError
from uuid_utils.compat import uuid7

from services.shared.contracts.envelope import Envelope, encode
from services.shared.contracts.events import ModelActivated
from services.shared.contracts.topics import MODELS
from services.shared.kafka.errors import BrokerUnavailable
from services.shared.kafka.publisher import open_publisher
from services.shared.kafka.records import Record

log = structlog.stdlib.get_logger()

# A broker that has not answered by then (s) counts as gone; the client itself would wait for ever.
CONNECT_DEADLINE_S: Final = 10.0
STOP_DEADLINE_S: Final = 2.0
# How long one look at the topic waits for records (ms); it only bounds how soon the task notices that it should stop.
POLL_MS: Final = 1_000
# Wait between attempts (s): doubled from the first to the last, which is short because a test or a person waits for it.
FIRST_RETRY_S: Final = 0.5
LAST_RETRY_S: Final = 8.0


class ModelsTopic:
    """Listens to the topic and announces activations on it."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._consumer: AIOKafkaConsumer | None = None  # while connected
        self._partition = TopicPartition(MODELS.name, 0)  # the topic has one

    async def check(self) -> None:
        """For /readyz. While the broker is away, changes arrive late: by the look into the database every half minute.

        Raises:
            BrokerUnavailable: there is no connection. A broker that went away since does not answer: the caller sets a deadline.
        """
        if self._consumer is None:
            raise BrokerUnavailable(f"no connection to {self._bootstrap}")
        await self._consumer.end_offsets([self._partition])

    async def listen(self, changed: Callable[[], None]) -> NoReturn:
        """Calls `changed` after each connection and for each record that comes then; connects again for ever."""
        wait = FIRST_RETRY_S
        while True:
            try:
                async with self._connected() as consumer:
                    wait = FIRST_RETRY_S
                    changed()  # whatever happened before this moment sent no signal to us
                    while True:
                        if await consumer.getmany(self._partition, timeout_ms=POLL_MS):
                            changed()
            except (ClientError, OSError, TimeoutError) as error:
                reason = str(error) or type(error).__name__
                log.warning("cannot hear of new models, will try again", reason=reason, seconds=wait)
            await asyncio.sleep(wait)
            wait = min(2 * wait, LAST_RETRY_S)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[AIOKafkaConsumer]:
        """A consumer that stands at the end of the topic."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap, auto_offset_reset="none", enable_auto_commit=False
        )
        try:
            async with asyncio.timeout(CONNECT_DEADLINE_S):
                await consumer.start()
                consumer.assign([self._partition])
                await consumer.seek_to_end(self._partition)
            log.info("listening for new models", topic=MODELS.name)
            self._consumer = consumer
            yield consumer
        finally:
            self._consumer = None
            with suppress(ClientError, TimeoutError, OSError):
                async with asyncio.timeout(STOP_DEADLINE_S):
                    await consumer.stop()

    async def announce(self, version: str, activated_at: datetime) -> None:
        """Tells all predictors that an operator chose `version`.

        Raises:
            BrokerUnavailable: they will see it in the database within half a minute.
        """
        envelope = Envelope(uuid7(), "/ordercast/predictor", activated_at, ModelActivated(version, activated_at))
        headers, body = encode(envelope)
        record = Record(version.encode(), body, headers, int(activated_at.timestamp() * 1000))
        # A connection for each: an operator does this now and then, and the service must start without a broker.
        async with open_publisher(self._bootstrap, client_id="predictor") as publisher:
            await publisher.publish(self._partition.topic, self._partition.partition, [record])
