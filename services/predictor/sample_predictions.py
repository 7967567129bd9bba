"""Tells the topic `predictions` of a sample of the answers, so that they can be judged by what is ordered.

It is a sample: what is given while Kafka is away, or in the last moment before the process ends, may be missing. A request
waits for none of it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import uuid4
from zlib import crc32

import numpy as np
import structlog
from uuid_utils.compat import uuid7

from ordercast.contracts.envelope import Envelope, SequenceNumber, encode
from ordercast.contracts.events import PredictionMade
from ordercast.contracts.topics import PREDICTIONS, partition_of
from ordercast.first_line import first_line
from ordercast.services.predictor.demand_answers import PairDemand
from ordercast.services.shared.demand.naive import rate_so_far
from ordercast.services.shared.kafka.errors import KafkaError
from ordercast.services.shared.kafka.ports import Publisher
from ordercast.services.shared.kafka.records import Record
from ordercast.services.shared.telemetry.metrics import PREDICTIONS_SAMPLED

log = structlog.stdlib.get_logger()

SOURCE: Final = "/ordercast/predictor"
# Time (s) between two sendings, and until the next try after one that failed.
SEND_EVERY_S: Final = 1.0
RETRY_S: Final = 5.0
# Answers that wait to be sent, some 3 MB: what comes on top while Kafka is away is lost.
MOST_WAITING: Final = 10_000
# Answers that are remembered, some 20 MB, so that they are not sent again. Those forgotten are; the worker keeps the first.
MOST_REMEMBERED: Final = 100_000

_EPOCH: Final = date(1970, 1, 1)
_SENT, _LOST = (PREDICTIONS_SAMPLED.labels(outcome) for outcome in ("sent", "lost"))

_Key = tuple[int, int, int, str]


class SamplePredictions:
    """`share` of all (account, product, day, version) is chosen: 0: none. Which ones goes by themselves, so that an answer that is
    asked for often is no more likely to be among them."""

    def __init__(
        self, open_publisher: Callable[[], AbstractAsyncContextManager[Publisher]], *, partitions: int, share: float
    ) -> None:
        self._open_publisher = open_publisher
        self._partitions = partitions
        self._chosen_below = share * 2**32
        self._waiting: list[tuple[PairDemand, int, datetime]] = []
        self._remembered: set[_Key] = set()
        # Of this process alone. Rising: what was lost leaves a hole, and is no gap.
        self._producer = f"predictions:{uuid4()}"
        self._number = 0

    def offer(self, said: PairDemand, moment: int) -> None:
        """Notes an answer for now, whose horizon begins with the day `moment` (since 1970-01-01), if it is one of the sample.

        It neither waits nor fails.
        """
        if said.as_of is not None:
            return
        key = (said.account_id, said.product_id, moment, said.model_version)
        if crc32(repr(key).encode()) >= self._chosen_below or key in self._remembered:
            return
        if len(self._waiting) >= MOST_WAITING:
            _LOST.inc()
            return
        if len(self._remembered) >= MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered.add(key)
        self._waiting.append((said, moment, datetime.now(UTC)))

    async def follow(self) -> None:
        """Sends what was noted, until it is cancelled: no stop waits for a broker. It connects when there is something to send."""
        while True:
            await asyncio.sleep(SEND_EVERY_S)
            if not self._waiting:
                continue
            try:
                async with self._open_publisher() as publisher:
                    while True:
                        await self._send(publisher)
                        await asyncio.sleep(SEND_EVERY_S)
            except KafkaError as error:
                log.warning(
                    "predictions are not sent, will try again", cause=first_line(error), waiting=len(self._waiting)
                )
                await asyncio.sleep(RETRY_S)

    async def _send(self, publisher: Publisher) -> None:
        """Sends all that waits, each at most once: what a broker has taken without saying so would count twice."""
        waiting, self._waiting = self._waiting, []
        by_partition: defaultdict[int, list[Record]] = defaultdict(list)
        for said, moment, made_at in waiting:
            self._number += 1
            sequence = SequenceNumber(self._producer, self._number, "rising")
            headers, body = encode(Envelope(uuid7(), SOURCE, made_at, _event(said, moment, made_at), sequence))
            record = Record(str(said.account_id).encode(), body, headers, int(made_at.timestamp() * 1000))
            by_partition[partition_of(said.account_id, self._partitions)].append(record)
        sent = 0
        try:
            for partition, records in by_partition.items():
                await publisher.publish(PREDICTIONS.name, partition, records)
                sent += len(records)
        finally:
            _SENT.inc(sent)
            _LOST.inc(len(waiting) - sent)


def _event(said: PairDemand, moment: int, made_at: datetime) -> PredictionMade:
    pieces, days = (np.array([said.features[name]]) for name in ("pair_pieces", "pair_days_since_first"))
    return PredictionMade(
        account_id=said.account_id,
        product_id=said.product_id,
        recipe=said.recipe,
        model_version=said.model_version,
        made_at=made_at,
        starts_on=_EPOCH + timedelta(days=moment),
        horizon_days=said.horizon_days,
        order_probability=said.order_probability,
        expected_quantity=said.expected_quantity,
        low=said.interval.low,
        high=said.interval.high,
        level=said.interval.level,
        naive_quantity=float(rate_so_far(pieces, days, said.horizon_days)[0]),
    )
