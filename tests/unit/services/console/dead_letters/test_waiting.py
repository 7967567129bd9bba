"""How many refused events wait: asked once for all readers."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ordercast.client import Client
from ordercast.client.errors import ProblemAnswer
from ordercast.client.page import Page
from ordercast.services.console import parts
from ordercast.services.console.dead_letters.waiting import HOLDS_S, Waiting, WaitingLetters
from ordercast.services.console.errors import LoggedOut
from ordercast.services.console.parts import Missing


class OrderApi:
    """With so many that wait, told once `gate` is open; `reached` is set by a question, `refuses` is the status of its refusal."""

    def __init__(self, waiting: int, *, refuses: int | None = None) -> None:
        self.waiting = waiting
        self.asked = 0
        self.refuses = refuses
        self.reached = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self.client = cast("Client", SimpleNamespace(dead_letters=self))

    async def page(self, *, state: str, limit: int) -> Page[Any]:
        self.asked += 1
        self.reached.set()
        await self.gate.wait()
        if self.refuses:
            raise ProblemAnswer(self.refuses, "a-kind", "It is refused")
        assert state == "waiting"
        return Page([None] * min(self.waiting, limit), self.waiting > limit)


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


async def test_all_readers_get_one_answer_until_it_no_longer_holds() -> None:
    order_api, clock = OrderApi(6), Clock()
    letters = WaitingLetters(clock)
    order_api.gate.clear()
    reading = [asyncio.create_task(letters.read(order_api.client)) for _ in range(9)]
    await order_api.reached.wait()
    order_api.gate.set()
    assert await asyncio.gather(*reading) == [Waiting(6)] * 9
    assert order_api.asked == 1
    order_api.waiting = 101
    clock.now_s = HOLDS_S
    assert await letters.read(order_api.client) == Waiting(100, more=True)
    assert str(Waiting(100, more=True)) == "100+"


async def test_after_something_was_done_it_is_asked_again() -> None:
    order_api = OrderApi(6)
    letters = WaitingLetters(Clock())
    await letters.read(order_api.client)
    order_api.waiting = 0
    letters.forget()
    assert await letters.read(order_api.client) == Waiting(0)


async def test_what_was_asked_for_before_something_was_done_is_of_before() -> None:
    order_api = OrderApi(6)
    letters = WaitingLetters(Clock())
    order_api.gate.clear()
    reading = asyncio.create_task(letters.read(order_api.client))
    await order_api.reached.wait()
    letters.forget()
    order_api.gate.set()
    assert await reading == Waiting(6)
    order_api.waiting = 0
    assert await letters.read(order_api.client) == Waiting(0)


async def test_a_service_that_refuses_is_not_asked_by_each_reader_and_a_log_in_that_ended_ends_no_other() -> None:
    away, ended, good = OrderApi(6, refuses=503), OrderApi(6, refuses=401), OrderApi(6)
    letters = WaitingLetters(Clock())
    with pytest.raises(LoggedOut):
        await letters.read(ended.client)
    assert await letters.read(good.client) == Waiting(6)
    letters.forget()
    assert isinstance(await letters.read(away.client), Missing)
    assert isinstance(await letters.read(away.client), Missing)
    assert away.asked == 1


async def test_an_answer_that_kafka_takes_long_for_is_there_for_the_next_reader(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parts, "PART_DEADLINE_S", 0.01)
    order_api, clock = OrderApi(6), Clock()
    letters = WaitingLetters(clock)
    order_api.gate.clear()
    assert isinstance(await letters.read(order_api.client), Missing)
    # Whoever comes while it is asked for waits no longer than the first one did.
    clock.now_s = 1.0
    monkeypatch.setattr(parts, "PART_DEADLINE_S", 0.5)
    assert isinstance(await letters.read(order_api.client), Missing)
    clock.now_s = 0.0  # of its time something is left, in which the answer comes
    reading = asyncio.create_task(letters.read(order_api.client))
    order_api.gate.set()
    assert await reading == Waiting(6)
    assert order_api.asked == 1


async def test_what_was_known_a_moment_ago_is_told_while_it_is_asked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    order_api, clock = OrderApi(6), Clock()
    letters = WaitingLetters(clock)
    assert await letters.read(order_api.client) == Waiting(6)
    monkeypatch.setattr(parts, "PART_DEADLINE_S", 0.01)
    order_api.gate.clear()
    clock.now_s = HOLDS_S
    assert await letters.read(order_api.client) == Waiting(6)
    letters.forget()
    assert isinstance(await letters.read(order_api.client), Missing)
    order_api.gate.set()


async def test_a_log_in_that_ended_ends_no_page_of_those_who_wait_beside_it() -> None:
    ended, good = OrderApi(6, refuses=401), OrderApi(6)
    letters = WaitingLetters(Clock())
    first, second = await asyncio.gather(letters.read(ended.client), letters.read(good.client), return_exceptions=True)
    assert isinstance(first, LoggedOut)
    assert second == Waiting(6)
