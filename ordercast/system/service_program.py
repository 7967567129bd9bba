"""Commands that only a service's own program can do: it alone knows its tables."""

import asyncio
import os
import sys
from asyncio import StreamReader
from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType
from typing import Literal, cast

from ordercast.errors import ActionableError


class ProgramFailed(ActionableError):
    """The program ended with an error; the message is what it said."""


async def run_program(
    service: Literal["order_api", "feature_worker", "trainer"],
    database_url: str,
    command: str,
    *arguments: str,
    variables: Mapping[str, str] = MappingProxyType({}),
) -> AsyncIterator[bytes]:
    """The lines that `python -m ordercast.services.SERVICE COMMAND ...` writes, as they come. Raises ProgramFailed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-P", "-m", f"ordercast.services.{service}", command, *arguments),
        env={**os.environ, "ORDERCAST_DATABASE_URL": database_url, **variables},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    stdout, stderr = cast("StreamReader", process.stdout), cast("StreamReader", process.stderr)  # pipes, as asked for
    errors = asyncio.create_task(stderr.read())  # meanwhile: a full pipe would stop the program
    async for line in stdout:
        yield line
    if await process.wait() != 0:
        said = (await errors).decode(errors="replace").strip().removeprefix(f"{command}: ")
        raise ProgramFailed(said or f"{command} ended with status {process.returncode}")
