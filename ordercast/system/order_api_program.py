"""Commands that only the order API's own program can do: it alone knows its tables."""

import asyncio
import os
import sys

from ordercast.errors import ActionableError


class OrderApiCommandFailed(ActionableError):
    """The program ended with an error; the message is what it said."""


async def run_order_api(database_url: str, command: str, *arguments: str) -> bytes:
    """What `python -m ordercast.services.order_api COMMAND ...` writes. Raises OrderApiCommandFailed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-P", "-m", "ordercast.services.order_api", command, *arguments),
        env={**os.environ, "ORDERCAST_DATABASE_URL": database_url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    answer, errors = await process.communicate()
    if process.returncode != 0:
        said = errors.decode(errors="replace").strip().removeprefix(f"{command}: ")
        raise OrderApiCommandFailed(said or f"{command} ended with status {process.returncode}")
    return answer
