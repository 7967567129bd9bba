"""Tells the topic `predictions` of a sample of the answers, so that they can be judged by what is ordered.

It is a sample: what is given while Kafka is away, or in the last moment before the process ends, may be missing. A request
waits for none of it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
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
from ordercast.services.predictor.demand_answers import Basis, PairDemand, PairNumbers
from ordercast.services.shared.demand.feature_list import PAIR_FEATURES, names
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
# Answers of one request that are in the sample at most, so that one for ten thousand pairs does not fill the topic by itself.
MOST_OF_A_REQUEST: Final = 100
# Answers that are remembered, some 20 MB, so that they are not sent again. Those forgotten are; the worker keeps the first.
MOST_REMEMBERED: Final = 100_000

_EPOCH: Final = date(1970, 1, 1)
_SENT, _LOST = (PREDICTIONS_SAMPLED.labels(outcome) for outcome in ("sent", "lost"))

_Key = tuple[int, int, date, str]
# Features that the pair's own rate is made of.
_OF_RATE: Final = ("pair_pieces", "pair_days_since_first")


class SamplePredictions:
    """`share` of all (account, product, day, version) is chosen: 0: none. Which ones goes by themselves, so that an answer that is
    asked for often is no more likely to be among them."""

    def __init__(
        self, open_publisher: Callable[[], AbstractAsyncContextManager[Publisher]], *, partitions: int, share: float
    ) -> None:
        self._open_publisher = open_publisher
        self._partitions = partitions
        self._chosen_below = share * 2**32
        self._waiting: list[PredictionMade] = []
        self._remembered: set[_Key] = set()
        # Of this process alone. Rising: what was lost leaves a hole, and is no gap.
        self._producer = f"predictions:{uuid4()}"
        self._number = 0

    def offer(self, said: PairDemand, moment: int) -> None:
        """Notes an answer for now, whose horizon begins with the day `moment` (since 1970-01-01), if it is one of the sample.

        It neither waits nor fails.
        """
        if said.as_of is None and self._draw(said, moment, said.model_version) < self._chosen_below:
            pieces, days = (np.array([said.features[name]]) for name in _OF_RATE)
            rate = rate_so_far(pieces, days, said.horizon_days)
            self.note([_event(said, moment, said.model_version, said.horizon_days, float(rate[0]))])

    def chosen(self, basis: Basis, numbers: Sequence[PairNumbers]) -> list[PredictionMade]:
        """Those answers of one request that are of the sample, for `note`: `MOST_OF_A_REQUEST` of them at most.

        Ten thousand take some 20 ms: call it in the thread that made them.
        """
        if basis.as_of is not None:
            return []
        moment, version = basis.features.moment, basis.served.version
        drawn = sorted((self._draw(said, moment, version), place) for place, said in enumerate(numbers))
        these = [numbers[place] for number, place in drawn[:MOST_OF_A_REQUEST] if number < self._chosen_below]
        if not these:
            return []
        ids = np.array([(said.account_id, said.product_id) for said in these], np.int64)
        values, horizon_days = basis.features.of_pairs(ids[:, 0], ids[:, 1]), basis.served.manifest.horizon_days
        pieces, days = (values[:, names(PAIR_FEATURES).index(name)] for name in _OF_RATE)
        rates = rate_so_far(pieces, days, horizon_days).tolist()
        return [_event(said, moment, version, horizon_days, rate) for said, rate in zip(these, rates, strict=True)]

    def note(self, chosen: Iterable[PredictionMade]) -> None:
        """Notes answers of the sample that were not noted before. It neither waits nor fails."""
        for said in chosen:
            key = (said.account_id, said.product_id, said.starts_on, said.model_version)
            if key in self._remembered:
                continue
            if len(self._waiting) >= MOST_WAITING:
                _LOST.inc()
                continue
            if len(self._remembered) >= MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered.add(key)
            self._waiting.append(said)

    def _draw(self, said: PairNumbers, moment: int, version: str) -> int:
        """A number that is the same for an answer however often it is given, and as if drawn by lot for others."""
        return crc32(repr((said.account_id, said.product_id, moment, version)).encode())

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
        for said in waiting:
            self._number += 1
            sequence = SequenceNumber(self._producer, self._number, "rising")
            headers, body = encode(Envelope(uuid7(), SOURCE, said.made_at, said, sequence))
            record = Record(str(said.account_id).encode(), body, headers, int(said.made_at.timestamp() * 1000))
            by_partition[partition_of(said.account_id, self._partitions)].append(record)
        sent = 0
        try:
            for partition, records in by_partition.items():
                await publisher.publish(PREDICTIONS.name, partition, records)
                sent += len(records)
        finally:
            _SENT.inc(sent)
            _LOST.inc(len(waiting) - sent)


def _event(
    said: PairNumbers, moment: int, model_version: str, horizon_days: int, naive_quantity: float
) -> PredictionMade:
    return PredictionMade(
        account_id=said.account_id,
        product_id=said.product_id,
        recipe="demand",
        model_version=model_version,
        made_at=datetime.now(UTC),
        starts_on=_EPOCH + timedelta(days=moment),
        horizon_days=horizon_days,
        order_probability=said.order_probability,
        expected_quantity=said.expected_quantity,
        low=said.interval.low,
        high=said.interval.high,
        level=said.interval.level,
        naive_quantity=naive_quantity,
    )
