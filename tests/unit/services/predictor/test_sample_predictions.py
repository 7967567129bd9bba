"""A sample of the answers goes to Kafka, each once, and no request is held up or fails by it."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import msgspec
import numpy as np
import pytest

from ordercast.contracts.events import PredictionMade
from ordercast.services.predictor import sample_predictions
from ordercast.services.predictor.demand_answers import (
    Basis,
    Interval,
    PairDemand,
    QuantityIfOrdered,
    answer_pairs,
    explain_pairs,
)
from ordercast.services.predictor.features import Pair
from ordercast.services.predictor.sample_predictions import MOST_OF_A_REQUEST, SamplePredictions
from ordercast.services.shared.kafka.admit import Admitted, admit
from ordercast.services.shared.kafka.errors import BrokerUnavailable
from ordercast.services.shared.kafka.memory import MemoryLog
from ordercast.services.shared.telemetry.metrics import PREDICTIONS_SAMPLED
from tests.support.predictions import VERSION
from tests.unit.services.predictor.test_demand_answers import SEEN_AT, basis

PARTITIONS = 4
TOMORROW = date(2026, 7, 4)
MOMENT = (TOMORROW - date(1970, 1, 1)).days


def answer(account_id: int, product_id: int = 7, as_of: date | None = None) -> PairDemand:
    return PairDemand(
        recipe="demand",
        account_id=account_id,
        product_id=product_id,
        horizon_days=28,
        order_probability=0.5,
        quantity_if_ordered=QuantityIfOrdered(3.0, 2.0),
        expected_quantity=1.5,
        interval=Interval(0, 9, 0.9),
        next_line_quantity=3.0,
        better_than={},
        extrapolates=False,
        extrapolates_because=[],
        beyond=[],
        why=[],
        features={"pair_pieces": float(np.log1p(20)), "pair_days_since_first": float(np.log1p(100))},
        features_as_of=datetime.now(UTC),
        features_age_seconds=0.0,
        model_version=VERSION,
        as_of=as_of,
    )


class Sampled:
    """A sample that goes to a log in memory."""

    def __init__(self, share: float = 1.0) -> None:
        self.log = MemoryLog()
        self.sample = SamplePredictions(self._open, partitions=PARTITIONS, share=share)
        self.tries = 0  # to connect

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[MemoryLog]:
        self.tries += 1
        await self.log.ask_broker()
        yield self.log

    def offer(self, answers: Iterable[PairDemand], moment: int = MOMENT) -> None:
        for said in answers:
            self.sample.offer(said, moment)

    def events(self) -> list[PredictionMade]:
        """What lies in the topic, as the worker reads it."""
        events = []
        for number in range(PARTITIONS):
            for record in self.log.records("predictions", number):
                admitted = admit(record, PARTITIONS)
                assert isinstance(admitted, Admitted), admitted
                assert isinstance(admitted.envelope.event, PredictionMade)
                events.append(admitted.envelope.event)
        return events

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        work = asyncio.create_task(self.sample.follow())
        try:
            yield
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    async def until_sent(self, count: int) -> None:
        async with asyncio.timeout(20):
            while len(self.events()) < count:
                await asyncio.sleep(0.005)


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample_predictions, "SEND_EVERY_S", 0.01)
    monkeypatch.setattr(sample_predictions, "RETRY_S", 0.01)


def counted(outcome: str) -> float:
    return float(PREDICTIONS_SAMPLED.labels(outcome)._value.get())


async def test_an_answer_is_sent_once_for_each_day_however_often_it_is_given() -> None:
    sampled = Sampled()
    sampled.offer([answer(1), answer(1), answer(2), answer(1, product_id=8)])
    sampled.offer([answer(1)], MOMENT + 1)
    sampled.offer([answer(3, as_of=TOMORROW - timedelta(days=40))])  # of a past moment: its days are over already
    async with sampled.running():
        await sampled.until_sent(4)
        sampled.offer([answer(2), answer(5)])
        await sampled.until_sent(5)
    told = sorted((said.account_id, said.product_id, said.starts_on) for said in sampled.events())
    next_day = TOMORROW + timedelta(days=1)
    assert told == [(1, 7, TOMORROW), (1, 7, next_day), (1, 8, TOMORROW), (2, 7, TOMORROW), (5, 7, TOMORROW)]


async def test_what_was_said_is_told_with_what_the_pairs_own_rate_says() -> None:
    sampled = Sampled()
    sampled.offer([answer(1)])
    async with sampled.running():
        await sampled.until_sent(1)
    [said] = sampled.events()
    assert (said.recipe, said.model_version, said.horizon_days) == ("demand", VERSION, 28)
    assert (said.order_probability, said.expected_quantity, said.low, said.high, said.level) == (0.5, 1.5, 0, 9, 0.9)
    assert said.naive_quantity == pytest.approx(20 / 100 * 28)


@pytest.mark.parametrize(("share", "least", "most"), [(0.0, 0, 0), (0.1, 60, 140), (1.0, 1_000, 1_000)])
async def test_the_share_is_chosen_by_the_pair_and_not_by_how_often_it_is_asked_for(
    share: float, least: int, most: int
) -> None:
    pairs = [answer(account_id) for account_id in range(1, 1_001)]
    first, again = Sampled(share), Sampled(share)
    for sampled, times in ((first, 1), (again, 30)):
        for _ in range(times):
            sampled.offer(pairs)
        noted = len(sampled.sample._waiting)
        async with sampled.running():
            await sampled.until_sent(noted)
    chosen = {said.account_id for said in first.events()}
    assert least <= len(chosen) <= most
    assert {said.account_id for said in again.events()} == chosen
    assert len(again.events()) == len(chosen)


def of_numbers(sampled: Sampled, count: int, asked: Basis | None = None) -> list[PredictionMade]:
    asked = asked or basis()
    pairs = [Pair(1 + place % 40, 1 + place // 40) for place in range(count)]
    return sampled.sample.chosen(asked, answer_pairs(asked, pairs).data)


async def test_of_a_batch_those_are_told_that_would_be_told_if_they_were_asked_for_alone_and_in_the_same_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sample_predictions, "MOST_OF_A_REQUEST", 1_000)
    together, alone = Sampled(0.2), Sampled(0.2)
    together.sample.note(of_numbers(together, 400))
    together.sample.note(of_numbers(together, 400))
    pairs = [Pair(1 + place % 40, 1 + place // 40) for place in range(400)]
    alone.offer(explain_pairs(basis(), pairs), basis().features.moment)
    told = []
    for sampled in (together, alone):
        async with sampled.running():
            await sampled.until_sent(40)
        told.append(sorted((msgspec.structs.replace(said, made_at=SEEN_AT) for said in sampled.events()), key=by_pair))
    assert told[0] == told[1]
    assert 40 <= len(told[0]) <= 120


def by_pair(said: PredictionMade) -> tuple[int, int]:
    return said.account_id, said.product_id


def test_of_one_request_the_sample_has_a_bound_and_which_ones_goes_by_no_number_of_theirs() -> None:
    sampled = Sampled()
    chosen = of_numbers(sampled, 1_200)
    assert len(chosen) == MOST_OF_A_REQUEST
    assert {by_pair(said) for said in chosen} == {by_pair(said) for said in of_numbers(sampled, 1_200)}
    assert len({said.account_id for said in chosen}) > 20
    assert len(of_numbers(sampled, 30)) == 30
    assert of_numbers(Sampled(0.0), 100) == []


def test_of_a_batch_for_a_past_moment_nothing_is_told() -> None:
    assert of_numbers(Sampled(), 10, replace(basis(), as_of=TOMORROW)) == []


async def test_while_kafka_is_away_answers_wait_or_are_lost_and_none_comes_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sample_predictions, "MOST_WAITING", 3)
    lost = counted("lost")
    sampled = Sampled()
    sampled.log.available = False
    async with sampled.running():
        sampled.offer([answer(account_id) for account_id in range(1, 6)])
        async with asyncio.timeout(20):
            while sampled.tries < 3:
                await asyncio.sleep(0.005)
        assert sampled.events() == []
        sampled.log.available = True
        await sampled.until_sent(3)
    assert counted("lost") - lost == 2
    assert sorted(said.account_id for said in sampled.events()) == [1, 2, 3]


async def test_a_broker_that_fails_half_way_gets_nothing_a_second_time(monkeypatch: pytest.MonkeyPatch) -> None:
    sampled, lost, sent = Sampled(), counted("lost"), counted("sent")
    publish, calls = sampled.log.publish, 0

    async def fail_after(topic: str, partition: int, records: list[object]) -> None:
        nonlocal calls
        calls += 1
        await publish(topic, partition, records)  # type: ignore[arg-type]
        if calls == 2:
            raise BrokerUnavailable("the answer was lost")

    monkeypatch.setattr(sampled.log, "publish", fail_after)
    async with sampled.running():
        sampled.offer([answer(account_id) for account_id in (1, 2, 3)])  # a partition each
        async with asyncio.timeout(20):
            while counted("lost") - lost < 2:
                await asyncio.sleep(0.005)
        sampled.offer([answer(4)])
        await sampled.until_sent(3)
    assert sorted(said.account_id for said in sampled.events()) == [1, 2, 4]
    assert (counted("lost") - lost, counted("sent") - sent) == (2, 2)
