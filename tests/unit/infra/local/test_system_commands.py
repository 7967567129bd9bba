"""Commands to a system beside its stop."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from ordercast.errors import ActionableError
from ordercast.infra.local.system_commands import SystemCommands


class SlowSystem:
    """Changes one after the other, each until `go_on` is set; it needs a moment for what it undoes."""

    def __init__(self) -> None:
        self.urls = {"relay": "http://127.0.0.1:1"}
        self.begun: list[str] = []
        self.undone: list[str] = []
        self.go_on = asyncio.Event()
        self._changing = asyncio.Lock()

    async def scale(self, service: str, count: int) -> None:
        if service == "postgres":
            raise ValueError("postgres cannot be scaled")
        await self._change(service)

    async def restart(self, name: str) -> list[str]:
        await self._change(name)
        return [name]

    async def _change(self, name: str) -> None:
        async with self._changing:
            self.begun.append(name)
            try:
                await self.go_on.wait()
            except asyncio.CancelledError:
                await asyncio.sleep(0)
                self.undone.append(name)
                raise


class Bench:
    def __init__(self) -> None:
        self.stops = 0
        self.heard: list[str] = []
        self.commands = SystemCommands(self._stop)
        self.system = self.commands.system = SlowSystem()

    def _stop(self) -> None:
        self.stops += 1

    def ask(self, command: str, **arguments: object) -> asyncio.Task[Any]:
        async def answer() -> Any:
            return await self.commands.handlers[command](self.heard.append, **arguments)

        return asyncio.create_task(answer())


async def let_run() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def refusal(asking: Coroutine[Any, Any, Any] | asyncio.Task[Any]) -> str:
    with pytest.raises(ActionableError) as refused:
        await asking
    return str(refused.value)


async def test_commands_in_flight_end_before_the_system_is_stopped_and_their_callers_hear_why() -> None:
    bench = Bench()
    begun = bench.ask("scale", service="relay", count=2)
    waiting = bench.ask("restart", name="predictor")
    await let_run()
    await bench.commands.end()
    assert bench.system.begun == ["relay"]
    assert bench.system.undone == ["relay"]
    assert [await refusal(begun), await refusal(waiting)] == ["the system stops"] * 2


async def test_a_command_that_comes_during_the_stop_is_refused() -> None:
    bench = Bench()
    await bench.commands.end()
    assert await refusal(bench.ask("scale", service="relay", count=2)) == "the system stops"
    assert bench.system.begun == []


async def test_commands_go_through_while_nothing_stops() -> None:
    bench = Bench()
    bench.system.go_on.set()
    assert await bench.ask("scale", service="relay", count=1) == bench.system.urls
    assert await bench.ask("restart", name="relay") == ["relay"]
    await bench.commands.end()


async def test_what_the_system_refuses_is_told_in_its_words() -> None:
    bench = Bench()
    assert await refusal(bench.ask("scale", service="postgres", count=2)) == "postgres cannot be scaled"


async def test_a_system_that_starts_takes_no_commands_and_says_so() -> None:
    bench = Bench()
    bench.commands.system = None
    assert await refusal(bench.ask("restart", name="relay")) == "the system is starting"


async def test_what_the_system_reports_is_heard_by_who_asked_until_the_answer() -> None:
    bench = Bench()
    asking = bench.ask("restart", name="relay")
    await let_run()
    bench.commands.report("relay ended")
    bench.system.go_on.set()
    await asking
    bench.commands.report("predictor ended")
    assert bench.heard == ["relay ended"]


async def test_stop_asked_twice_stops_once_and_answers_both_when_all_has_ended() -> None:
    bench = Bench()
    first = bench.ask("stop")
    await let_run()
    second = bench.ask("stop")
    await let_run()
    assert bench.stops == 1
    assert not first.done()
    assert not second.done()
    bench.commands.stopped.set()
    await asyncio.gather(first, second)


async def test_stop_asked_while_ctrl_c_stops_the_system_does_not_kill_it() -> None:
    bench = Bench()
    await bench.commands.end()
    asking = bench.ask("stop")
    await let_run()
    bench.commands.stopped.set()
    await asking
    assert bench.stops == 0


async def test_end_waits_for_no_stop() -> None:
    bench = Bench()
    asking = bench.ask("stop")
    await let_run()
    async with asyncio.timeout(10):
        await bench.commands.end()
    bench.commands.stopped.set()
    await asking
