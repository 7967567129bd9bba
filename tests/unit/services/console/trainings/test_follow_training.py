"""One training as it goes on."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import msgspec
import pytest

from ordercast.client import Client
from ordercast.client.errors import ServiceUnreachable
from ordercast.client.event_answers import ServerEvent
from ordercast.client.model_answers import Model
from ordercast.client.training_answers import Training
from ordercast.services.console.parts import Missing
from ordercast.services.console.trainings import follow_training as module
from ordercast.services.console.trainings.follow_training import OneTraining, follow_training, read_training
from tests.support.console_answers import VERSIONS, manifest, training

ID = UUID(int=1)
RUNS = training(1, "running", progress={"epoch": 2, "epochs": 90})
ENDED = training(1, "succeeded", progress={"epoch": 3, "epochs": 90})


def epoch(number: int, *losses: float) -> ServerEvent:
    return event("epoch", {"epoch": number, "epochs": 90, "loss": list(losses)})


def event(name: str, data: dict[str, Any]) -> ServerEvent:
    return ServerEvent(name=name, data=msgspec.json.encode(data).decode())


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEAST_S", 0.001)
    monkeypatch.setattr(module, "MOST_S", 0.002)


class Trainer:
    """Answers with each state in turn, the last one from then on; of each connection with these events, then breaks off."""

    def __init__(self, *states: dict[str, Any], connections: list[list[ServerEvent]]) -> None:
        self._states = [msgspec.convert(state, Training) for state in states]
        self._connections = iter(connections)
        self.asked = 0
        self.away = False  # the predictor

    async def get(self, _: UUID) -> Training:
        self.asked += 1
        return self._states.pop(0) if len(self._states) > 1 else self._states[0]

    async def events(self, _: UUID) -> AsyncIterator[ServerEvent]:
        for each in next(self._connections):
            yield each
        raise ServiceUnreachable("broken off")

    @property
    def client(self) -> Client:
        async def model(version: str) -> Model:
            if self.away:
                raise ServiceUnreachable("no predictor")
            return msgspec.convert(VERSIONS[0] | {"manifest": manifest(version, "demand")}, Model)

        return cast("Client", SimpleNamespace(trainer=self, predictor=SimpleNamespace(model=model)))


async def moments(trainer: Trainer) -> list[OneTraining | Missing]:
    async with asyncio.timeout(20):
        return [moment["found"] async for moment in follow_training(trainer.client, ID, asyncio.Event())]


async def test_it_is_followed_to_its_end_over_a_connection_that_breaks_off() -> None:
    connections = [[epoch(1, 9.0), epoch(2, 8.0)], [epoch(1, 9.0), epoch(2, 8.0), epoch(3, 7.0), event("ended", ENDED)]]
    *_, last = await moments(Trainer(RUNS, ENDED, connections=connections))
    assert isinstance(last, OneTraining)
    assert last.row.is_over
    assert [(curves.question, curves.epoch, curves.networks[0].last) for curves in last.curves] == [("line", 3, 7.0)]


async def test_one_that_starts_anew_is_told_from_its_first_epoch() -> None:
    connections = [[epoch(1, 9.0), epoch(2, 8.0), epoch(1, 5.0), event("ended", ENDED)]]
    *_, last = await moments(Trainer(ENDED, connections=connections))
    assert isinstance(last, OneTraining)
    assert (last.curves[0].epoch, last.curves[0].networks[0].first) == (1, 5.0)


async def test_of_a_version_that_was_published_the_collapsed_networks_are_marked() -> None:
    published = ENDED | {"model_version": VERSIONS[0]["version"], "verdict": "published"}
    *_, last = await moments(Trainer(published, connections=[[epoch(1, 9.0), event("ended", published)]]))
    assert isinstance(last, OneTraining)
    assert {curves.question: curves.collapsed for curves in last.curves}["line"] == [3]


async def test_without_the_predictor_the_losses_that_were_heard_are_shown_and_why_no_more_are() -> None:
    published = ENDED | {"model_version": VERSIONS[0]["version"], "verdict": "published"}
    trainer = Trainer(published, connections=[[epoch(1, 9.0), event("ended", published)]])
    trainer.away = True
    *_, last = await moments(trainer)
    assert isinstance(last, OneTraining)
    assert last.curves[0].epoch == 1
    assert last.version == Missing("predictor", "no predictor")


async def test_a_page_has_the_epochs_that_are_over_and_waits_for_no_more() -> None:
    def endless() -> Iterator[ServerEvent]:
        yield epoch(1, 9.0)
        yield epoch(2, 8.0)
        pytest.fail("it waited for an epoch that is to come")

    trainer = Trainer(RUNS, connections=[cast("list[ServerEvent]", endless())])
    found = await read_training(trainer.client, ID)
    assert isinstance(found, OneTraining)
    assert found.curves[0].epoch == 2
    assert found.left is None


async def test_what_is_left_is_told_from_epochs_that_passed_meanwhile_whenever_it_began() -> None:
    states = [RUNS | {"progress": {"epoch": epoch, "epochs": 90}} for epoch in (2, 3, 4)]
    *_, before, passed, last = await moments(
        Trainer(*states, ENDED, connections=[[epoch(1, 9.0), event("ended", ENDED)]]),
    )
    assert isinstance(before, OneTraining)
    assert isinstance(passed, OneTraining)
    assert isinstance(last, OneTraining)
    assert (before.left, last.left) == (None, None)
    assert passed.left is not None
    assert passed.left < timedelta(minutes=5)  # it began long ago


async def test_it_ends_when_the_console_stops() -> None:
    stopping = asyncio.Event()
    trainer = Trainer(RUNS, connections=[[epoch(1, 9.0)] for _ in range(1_000)])
    async with asyncio.timeout(20):
        async for _ in follow_training(trainer.client, ID, stopping):
            stopping.set()
    assert trainer.asked == 1
