"""How a process is asked from outside whether it is healthy. No probe raises; each has a deadline."""

import asyncio
from typing import Final

from ordercast.infra.local.ports import HOST

# Deadline (s) for one answer; a busy machine may take its time.
TIMEOUT_S: Final = 2.0


async def accepts_connections(port: int, host: str = HOST) -> bool:
    """Whether something listens on the port."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


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
