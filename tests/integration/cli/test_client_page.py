"""docs/client.md, followed to the letter: its programs are written as they stand there, and run."""

import asyncio
import os
import shlex
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest

from ordercast.client import ORDER_API_PORT
from tests.integration.cli.conftest import Running
from tests.support.page_examples import examples

PAGE: Final = Path(__file__).parents[3] / "docs/client.md"
WITHIN_S: Final = 120.0


@asynccontextmanager
async def program(arguments: list[str], environment: dict[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """Killed at the end, if it has not ended by itself."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def said(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(WITHIN_S):
        return (await process.stdout.readline()).decode().strip()


async def test_every_example_of_the_page_works(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    port = int(running.system.urls["order_api"].rpartition(":")[2])
    environment = {**os.environ, "PORT_OFFSET": str(port - ORDER_API_PORT)}
    done = list[str]()
    for example in examples(PAGE):
        if example.file is not None:
            Path(example.file).write_text(example.text)
            continue
        name, *arguments = shlex.split(example.text)
        if name == "ordercast":
            result = await running.run(*arguments)
            assert result.exit_code == 0, result.output
            environment["KEY"] = result.stdout.split()[-1]
            continue
        assert name == "python"
        done.append(arguments[0])
        async with program(arguments, environment) as process:
            if arguments != ["follow.py"]:
                assert [await said(process) for _ in range(2)] == ["once: True", "orders: 1"]
            if arguments != ["order.py"]:
                assert await said(process)  # an order's id, and so on for ever
                process.send_signal(signal.SIGINT)
                assert await process.wait() == -signal.SIGINT
            assert await process.wait() in (0, -signal.SIGINT)
    assert done == ["order.py", "follow.py", "plain.py"]
    await _goes_on_after_what_it_noted(running, environment)


async def _goes_on_after_what_it_noted(running: Running, environment: dict[str, str]) -> None:
    """Run twice, with a kill between: the second one begins where the first one was."""
    orders = running.admin.order_api
    product = await orders.create_product("FOLLOWED", "Followed", Decimal(1), "EUR")

    async def ordered() -> str:
        return str((await orders.place_order([(product.id, 1)])).id)

    first = await ordered()
    seen = list[str]()
    async with program(["follow.py"], environment) as process:
        while first not in seen:
            seen.append(await said(process))
    second = await ordered()
    async with program(["follow.py"], environment) as process:
        again = [await said(process)]
        while second not in again:
            again.append(await said(process))
    assert not set(again) & set(seen[:-1])  # the last one, which was said and perhaps not noted, may come again
