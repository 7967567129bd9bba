"""Looks that are remembered, and told to whoever follows them."""

import asyncio
from contextlib import aclosing

import httpx

from ordercast.services.console.flow.processes import Processes
from ordercast.services.console.flow.watch import KEPT_S, READ_EVERY_S, Watch


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def answer(request: httpx.Request) -> httpx.Response:
    if request.url.path == "/readyz":
        return httpx.Response(200, json={"checks": {"database": "ok"}})
    return httpx.Response(200, text="ordercast_orders_accepted_total 7.0\nelse 1.0\n")


def watch(clock: Clock) -> Watch:
    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return Watch(http, Processes({"order_api": "http://orders", "relay": "http://relay"}), clock)


async def test_only_the_last_minutes_are_kept() -> None:
    clock = Clock()
    watched = watch(clock)
    for _ in range(100):
        await watched.look()
        clock.now_s += 10
    looks = await watched.looks()
    assert looks[0].at_s >= looks[-1].at_s - KEPT_S
    assert len(looks) == KEPT_S / 10 + 1


async def test_of_each_look_the_numbers_are_kept_and_no_whole_page_of_metrics() -> None:
    (look,) = await watch(Clock()).looks()
    assert all(state.numbers is look.numbers[state.name] for state in look.services)
    assert set(look.numbers["relay"].by_name) == {"ordercast_orders_accepted_total"}


async def test_a_reader_gets_no_old_look_and_makes_no_new_one_if_there_is_one() -> None:
    clock = Clock()
    watched = watch(clock)
    assert (await watched.looks())[-1].numbers["order_api"].total("ordercast_orders_accepted_total") == 7
    assert len(await watched.looks()) == 1
    clock.now_s += READ_EVERY_S + 0.1
    assert len(await watched.looks()) == 2


async def test_who_follows_hears_of_each_look_until_it_is_to_stop() -> None:
    clock = Clock()
    watched = watch(clock)
    stopping = asyncio.Event()
    heard = []
    async with aclosing(watched.followed(stopping)) as looks:
        async for seen in looks:
            heard.append(len(seen))
            if len(heard) == 3:
                stopping.set()
            await watched.look()
    assert heard == [1, 2, 3]


async def test_it_looks_until_it_is_to_stop_and_at_once_when_somebody_comes() -> None:
    watched = watch(Clock())
    stopping = asyncio.Event()
    running = asyncio.create_task(watched.run(stopping))
    async with aclosing(watched.followed(asyncio.Event())) as looks:
        async for seen in looks:
            if len(seen) > 1:
                break
    stopping.set()
    await running
