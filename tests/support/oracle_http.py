"""A small HTTP server on a real socket whose answers a test decides, down to a connection that breaks."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, slots=True)
class Received:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is a document for JSON, or a text as it stands."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


Answerer = Callable[[Received], Awaitable[Answer | None]]


@asynccontextmanager
async def serving(answer: Answerer) -> AsyncIterator[str]:
    """The server's URL. An answer of None closes the connection without a word."""

    async def on_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                reply = await answer(await _read(reader))
                if reply is None:
                    break
                writer.write(_written(reply))
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(on_connection, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        yield f"http://{host}:{port}"


async def _read(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.rstrip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    url = urlsplit(target)
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    return Received(method, url.path, query, headers, body)


def _written(answer: Answer) -> bytes:
    content = answer.body.encode() if isinstance(answer.body, str) else json.dumps(answer.body).encode()
    headers = {"Content-Length": str(len(content)), **answer.headers}
    lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}", *(f"{n}: {v}" for n, v in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content
