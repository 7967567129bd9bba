"""Keeps a service's public keys at what their file says, so that a rotation needs no restart of it."""

import asyncio
from pathlib import Path
from typing import Final

import structlog

from ordercast.first_line import first_line
from ordercast.services.shared.http.token_keys import TokenKeyError, load_verifying_keys
from ordercast.services.shared.http.tokens import TokenVerifier
from ordercast.services.shared.process.pause import pause

log = structlog.stdlib.get_logger()

# Between two looks at the file (s): by then everybody knows a new key, and its signer takes longer to be restarted.
LOOK_EVERY_S: Final = 1.0


async def follow_token_keys(path: Path, verifier: TokenVerifier, stopping: asyncio.Event) -> None:
    """Reads the file whenever it is another one. While it is damaged or missing, the keys stay as they are."""
    read = _state(path)
    while not stopping.is_set():
        await pause(stopping, LOOK_EVERY_S)
        if (found := _state(path)) == read:
            continue
        read = found
        try:
            verifier.replace_keys(load_verifying_keys(path))
        except TokenKeyError as error:
            log.warning("the token keys stay as they are", cause=first_line(error))
        else:
            log.info("the token keys were read again", keys=[key.kid for key in verifier.keys])


def _state(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
