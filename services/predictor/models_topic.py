"""The topic `models`: the signal that something has changed. What has changed stands in the database.

Every predictor reads the topic by itself, in no group, from its end: what came before is in the record already.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Final, NoReturn

import structlog
from uuid_utils.compat import uuid7

from ordercast.contracts.envelope import Envelope, encode
from ordercast.contracts.events import ModelActivated, ModelUnpinned
from ordercast.contracts.topics import MODELS
from ordercast.services.shared.kafka.errors import BrokerUnavailable, KafkaError
from ordercast.services.shared.kafka.open_consumer import open_reader
from ordercast.services.shared.kafka.publisher import open_publisher
from ordercast.services.shared.kafka.records import Partition, Record
from ordercast.services.shared.kafka.topic_ends import end_offsets
from ordercast.services.shared.telemetry.tracing import current_traceparent

log = structlog.stdlib.get_logger()

SOURCE: Final = "/ordercast/predictor"
_PARTITION: Final = Partition(MODELS.name, 0)  # the topic has one
# Silence for so long (s) makes the listener ask whether the broker is still there.
SILENCE_S: Final = 2.0
# Records that one look takes; a look costs the same for one and for many.
MAX_RECORDS: Final = 100
# Wait between attempts to connect (s): doubled from the first to the last.
FIRST_RETRY_S: Final = 0.5
LAST_RETRY_S: Final = 8.0


class ModelsTopic:
    """Listens to the topic and announces on it what operators choose."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._missing: str | None = "not connected yet"

    async def check(self) -> None:
        """For /readyz.

        Raises:
            BrokerUnavailable: changes arrive late, by the look into the database every half minute.
        """
        if self._missing is not None:
            raise BrokerUnavailable(self._missing)

    async def listen(self, changed: Callable[[], None]) -> NoReturn:
        """Calls `changed` after each connection and for what comes then; connects again for ever."""
        wait = FIRST_RETRY_S
        while True:
            try:
                await self._listen_once(changed)
            except KafkaError as error:
                wait = FIRST_RETRY_S if self._missing is None else min(2 * wait, LAST_RETRY_S)
                self._missing = str(error)
                log.warning("cannot hear of new models, will try again", cause=self._missing, seconds=wait)
            await asyncio.sleep(wait)

    async def _listen_once(self, changed: Callable[[], None]) -> NoReturn:
        async with open_reader(self._bootstrap, [_PARTITION], read_positions=self._from_the_end) as reader:
            await reader.poll(max_records=1, timeout_s=0)  # finds the end
            self._missing = None
            log.info("listening for new models", topic=MODELS.name)
            changed()  # whatever happened before this moment sent no signal to us
            while True:
                if await reader.poll(max_records=MAX_RECORDS, timeout_s=SILENCE_S):
                    changed()
                else:
                    await reader.ends()

    async def _from_the_end(self, _: Collection[Partition]) -> Mapping[Partition, int]:
        return await end_offsets(self._bootstrap, [MODELS.name])

    async def announce(self, event: ModelActivated | ModelUnpinned, at: datetime) -> None:
        """Tells all predictors what an operator chose.

        Raises:
            BrokerUnavailable, RecordRefused: they will see it in the database within half a minute.
        """
        headers, body = encode(Envelope(uuid7(), SOURCE, at, event, traceparent=current_traceparent()))
        record = Record(event.version.encode(), body, headers, int(at.timestamp() * 1000))
        # A connection for each: an operator does this now and then, and the service must start without a broker.
        async with open_publisher(self._bootstrap, client_id="predictor") as publisher:
            await publisher.publish(*_PARTITION, [record])
