"""Receivers that hang, drip, flood, lead away or cannot be trusted cost an attempt a bounded while, and are told apart."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from ordercast.infra.certificates import make_certificate
from ordercast.services.order_api.webhooks import post_delivery
from ordercast.services.order_api.webhooks.post_delivery import ANSWER_BYTES, Answer, open_post_delivery

Speaks = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
TIMEOUT_S: Final = 0.3
# On a machine that does other things, too.
WITHIN_S: Final = 20.0


@pytest.fixture
def own_certificate(tmp_path: Path) -> ssl.SSLContext:
    """Of an authority that nobody knows."""
    made, pem = make_certificate(["127.0.0.1"]), tmp_path / "server.pem"
    pem.write_text(made.key + made.certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


@asynccontextmanager
async def receiver(speaks: Speaks, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Its port."""
    conversations = set[asyncio.Task[None]]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        conversations.add(task)
        try:
            await reader.read(1)
            await speaks(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in conversations:
            task.cancel()
        await asyncio.gather(*conversations, return_exceptions=True)


async def post(speaks: Speaks, scheme: str = "http", tls: ssl.SSLContext | None = None) -> Answer:
    async with receiver(speaks, tls) as port, open_post_delivery(private=True) as deliver:
        began = time.monotonic()
        answer = await deliver(f"{scheme}://127.0.0.1:{port}/", {"webhook-id": "a"}, b"{}")
        assert time.monotonic() - began < WITHIN_S
        assert answer.start
        return answer


async def hangs(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def closes(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def drips(writer: asyncio.StreamWriter, text: bytes) -> None:
    for byte in text:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.02)
    await asyncio.Event().wait()


async def drips_its_head(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await drips(writer, b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 100)


async def drips_its_body(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10000\r\n\r\n")
    await drips(writer, b"x" * 400)


async def says_to_wait(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("speaks", [hangs, drips_its_head, drips_its_body, says_to_wait])
async def test_one_that_takes_its_time_is_given_up(speaks: Speaks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post_delivery, "TIMEOUT_S", TIMEOUT_S)
    answer = await post(speaks)
    assert (answer.status, answer.is_success) == (None, False)
    assert "no answer within" in answer.start


async def test_one_that_closes_at_once_has_failed_with_a_reason() -> None:
    assert (await post(closes)).status is None


async def test_one_whose_head_has_no_end_has_failed() -> None:
    async def floods(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"x" * 10_000)
            await writer.drain()

    answer = await post(floods)
    assert (answer.status, answer.is_success) == (None, False)


async def test_of_an_answer_without_end_the_start_is_taken_and_no_more_read() -> None:
    async def floods(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000000000\r\n\r\n")
        while True:
            writer.write(b"x" * 100_000)
            await writer.drain()

    answer = await post(floods)
    assert (answer.status, answer.start) == (200, "x" * ANSWER_BYTES)


async def test_one_that_leads_elsewhere_is_not_followed() -> None:
    came = 0

    async def leads_to_itself(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal came
        came += 1
        host, port = writer.get_extra_info("sockname")
        writer.write(f"HTTP/1.1 308 x\r\nlocation: http://{host}:{port}/\r\ncontent-length: 2\r\n\r\nno".encode())
        await writer.drain()

    answer = await post(leads_to_itself)
    assert (answer.status, answer.is_success, answer.start, came) == (308, False, "no", 1)


async def test_one_without_tls_or_with_a_certificate_of_its_own_gets_nothing(own_certificate: ssl.SSLContext) -> None:
    came = list[bytes]()

    async def takes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(await reader.read(10_000))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        await writer.drain()

    of_itself = await post(takes, "https", own_certificate)
    assert (of_itself.status, "certificate" in of_itself.start, came) == (None, True, [])
    plain = await post(takes, "https")
    assert (plain.status, "SSL" in plain.start, "webhook-id" in str(came)) == (None, True, False)
