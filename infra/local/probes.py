"""How a process is asked from outside whether it is healthy. No probe raises; each has a deadline."""

import asyncio
import ssl
import struct
from typing import Final

from ordercast.infra.local.ports import HOST

# Deadline (s) for one answer; a busy machine may take its time.
TIMEOUT_S: Final = 2.0

# Kafka's request ApiVersions: its length, API 18, version 0, a number that comes back with the answer, and no client's name.
_CORRELATION_ID: Final = struct.pack(">i", 18_018)
_API_VERSIONS: Final = struct.pack(">ihh", 10, 18, 0) + _CORRELATION_ID + struct.pack(">h", -1)


async def kafka_answers(host: str, port: int, tls: ssl.SSLContext | None = None) -> bool:
    """Whether a broker answers the first question of every client, which versions it speaks. A hanging one still listens."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            reader, writer = await asyncio.open_connection(host, port, ssl=tls)
            try:
                writer.write(_API_VERSIONS)
                (size,) = struct.unpack(">i", await reader.readexactly(4))
                return size >= 4 and await reader.readexactly(4) == _CORRELATION_ID
            finally:
                writer.close()
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        return False


async def answers_ok(port: int, path: str = "/healthz", host: str = HOST) -> bool:
    """Whether GET `path` is answered with 200. Plain sockets: the first line of the answer is enough."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
                return (await reader.readline()).startswith(b"HTTP/1.1 200")
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
