"""Commands that only the order API's own program can do: it alone knows its tables."""

import asyncio
import os
import sys
from asyncio import StreamReader
from collections.abc import AsyncIterator
from typing import cast

from ordercast.errors import ActionableError


class OrderApiCommandFailed(ActionableError):
    """The program ended with an error; the message is what it said."""


async def run_order_api(database_url: str, command: str, *arguments: str) -> AsyncIterator[bytes]:
    """The lines that `python -m ordercast.services.order_api COMMAND ...` writes, as they come. Raises OrderApiCommandFailed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-P", "-m", "ordercast.services.order_api", command, *arguments),
        env={**os.environ, "ORDERCAST_DATABASE_URL": database_url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    stdout, stderr = cast("StreamReader", process.stdout), cast("StreamReader", process.stderr)  # pipes, as asked for
    errors = asyncio.create_task(stderr.read())  # meanwhile: a full pipe would stop the program
    async for line in stdout:
        yield line
    if await process.wait() != 0:
        said = (await errors).decode(errors="replace").strip().removeprefix(f"{command}: ")
        raise OrderApiCommandFailed(said or f"{command} ended with status {process.returncode}")
