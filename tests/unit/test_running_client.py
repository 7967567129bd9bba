"""A client's life, against a broker of a few lines that answers when the test says so."""

import asyncio
import gc
import struct
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from ordercast import running_client
from ordercast.running_client import running

METADATA = 3
API_VERSIONS = 18
# Longer than any of these tests takes (s): what is reached by it is a failure.
PATIENCE_S = 10.0


class SlowBroker:
    """Names the versions that it speaks at once, and answers the first question about the cluster when `answers` is set."""

    def __init__(self) -> None:
        self.was_asked = asyncio.Event()
        self.answers = asyncio.Event()
        self.port = 0
        self.served: set[asyncio.Task[None]] = set()

    def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.served.add(asyncio.create_task(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                (size,) = struct.unpack(">i", await reader.readexactly(4))
                api, _, correlation = struct.unpack(">hhi", (await reader.readexactly(size))[:8])
                if api == METADATA:
                    self.was_asked.set()
                    await self.answers.wait()
                body = struct.pack(">i", correlation) + self._answer(api)
                writer.write(struct.pack(">i", len(body)) + body)
        except asyncio.IncompleteReadError:
            writer.close()
            await writer.wait_closed()

    def _answer(self, api: int) -> bytes:
        if api == API_VERSIONS:
            spoken = ((METADATA, 0, 0), (API_VERSIONS, 0, 0))
            return struct.pack(">hi", 0, len(spoken)) + b"".join(struct.pack(">hhh", *version) for version in spoken)
        host = b"127.0.0.1"
        broker = struct.pack(f">ih{len(host)}si", 1, len(host), host, self.port)
        return struct.pack(">i", 1) + broker + struct.pack(">i", 0)


@asynccontextmanager
async def slow_broker() -> AsyncIterator[SlowBroker]:
    broker = SlowBroker()
    async with await asyncio.start_server(broker.connect, "127.0.0.1", 0) as server:
        broker.port = server.sockets[0].getsockname()[1]
        yield broker
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.gather(*broker.served)  # every client has hung up


@pytest.mark.parametrize("kind", [AIOKafkaConsumer, AIOKafkaProducer])
async def test_a_client_cancelled_while_it_starts_leaves_no_connection_open(
    kind: type[AIOKafkaConsumer] | type[AIOKafkaProducer],
) -> None:
    async def use(port: int) -> None:
        async with running(kind(bootstrap_servers=f"127.0.0.1:{port}"), start_deadline_s=PATIENCE_S):
            raise AssertionError("it was cancelled before")

    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always", ResourceWarning)
        async with slow_broker() as broker:
            using = asyncio.create_task(use(broker.port))
            await asyncio.wait_for(broker.was_asked.wait(), PATIENCE_S)
            using.cancel()
            broker.answers.set()  # the answer arrives after the cancellation
            with pytest.raises(asyncio.CancelledError):
                await using
        gc.collect()
    assert [str(warning.message) for warning in seen] == []


async def test_a_client_whose_stop_hangs_leaves_no_connection_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running_client, "STOP_DEADLINE_S", 0.05)

    class Hanging(AIOKafkaConsumer):  # type: ignore[misc]
        async def stop(self) -> None:
            self._closed = True
            await asyncio.Event().wait()

    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always", ResourceWarning)
        async with slow_broker() as broker:
            broker.answers.set()
            consumer = Hanging(bootstrap_servers=f"127.0.0.1:{broker.port}")
            async with running(consumer, start_deadline_s=PATIENCE_S):
                # Keeps a connection, as a client does that works.
                assert (await consumer.topics()) == set()
            del consumer
        gc.collect()
    assert [str(warning.message) for warning in seen] == []


async def test_a_start_that_takes_too_long_is_a_timeout() -> None:
    async with slow_broker() as broker:
        consumer = AIOKafkaConsumer(bootstrap_servers=f"127.0.0.1:{broker.port}")
        asyncio.get_running_loop().call_later(0.2, broker.answers.set)
        with pytest.raises(TimeoutError):
            async with running(consumer, start_deadline_s=0.05):
                raise AssertionError("it started in time")


async def test_an_error_inside_the_block_comes_out_as_it_is() -> None:
    async with slow_broker() as broker:
        broker.answers.set()
        with pytest.raises(ZeroDivisionError):
            async with running(
                AIOKafkaConsumer(bootstrap_servers=f"127.0.0.1:{broker.port}"), start_deadline_s=PATIENCE_S
            ):
                raise ZeroDivisionError
