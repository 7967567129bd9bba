"""Containers go with the run that made them, however it ends; and what is missing is named."""

import asyncio
import signal
import sys
from typing import Any, Final

import pytest

from ordercast.stacks.engine import LABEL, ImageMissing, connect, open_engine
from ordercast.stacks.images import Image
from ordercast.stacks.server_containers import KafkaServerContainer, PostgresServerContainer
from tests.support.stack import Stack

# A run that has a server and waits; it says its label once the server answers.
RUN: Final = """
import asyncio

from ordercast.stacks.engine import open_engine
from ordercast.stacks.server_containers import PostgresServerContainer


async def main():
    async with open_engine() as engine:
        await PostgresServerContainer(engine).start()
        print(engine.label, flush=True)
        await asyncio.Event().wait()


asyncio.run(main())
"""
# Time (s) for the engine to remove a container and its network on a busy machine.
REMOVED_WITHIN_S: Final = 60.0


@pytest.fixture(autouse=True)
def containers_alone(stack: Stack) -> None:
    if stack.name != "containers":
        pytest.skip("needs a Docker engine: --stack=containers")


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
async def test_containers_and_networks_are_removed_when_their_run_is_ended(ending: signal.Signals) -> None:
    run = await asyncio.create_subprocess_exec(
        sys.executable, "-c", RUN, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    assert run.stdout is not None
    label = (await run.stdout.readline()).decode().strip()
    assert [len(things) for things in made_with(label)] == [1, 1]
    run.send_signal(ending)
    await run.wait()
    async with asyncio.timeout(REMOVED_WITHIN_S):
        while any(made_with(label)):
            await asyncio.sleep(0.1)


async def test_ports_are_published_for_this_machine_alone() -> None:
    """Of an engine that runs elsewhere, where tests would not reach them so, on all of its interfaces."""
    async with open_engine() as engine:
        await asyncio.gather(PostgresServerContainer(engine).start(), KafkaServerContainer(engine).start())
        containers, _ = made_with(engine.label)
        bindings = [bound for container in containers for bound in container.ports.values() if bound]
        assert len(bindings) == 2
        everywhere = {"127.0.0.1"} if engine.host == "127.0.0.1" else {"0.0.0.0", "::"}  # noqa: S104
        assert {binding["HostIp"] for bound in bindings for binding in bound} <= everywhere


async def test_an_image_that_cannot_be_had_is_named_with_its_setting() -> None:
    missing = Image("localhost:1/no/such:image", "ORDERCAST_KAFKA_IMAGE")
    async with open_engine() as engine:
        with pytest.raises(ImageMissing, match="localhost:1/no/such:image is not here and cannot be pulled") as refused:
            await engine.ensure([missing])
    assert "ORDERCAST_KAFKA_IMAGE" in refused.value.hint


def made_with(label: str) -> tuple[list[Any], list[Any]]:
    """The containers and networks that carry the label."""
    client = connect().client
    try:
        ours = {"label": f"{LABEL}={label}"}
        return client.containers.list(all=True, filters=ours, ignore_removed=True), client.networks.list(filters=ours)
    finally:
        client.close()
