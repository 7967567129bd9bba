"""The logs of all processes as one stream, while they are being written."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# Time (s) between two looks for new lines.
POLL_S: Final = 0.1
# Bytes read of one log at a time, so that one noisy process does not keep the others waiting.
READ_BYTES: Final = 65_536

Emit = Callable[[str, str], None]


@dataclass(slots=True)
class _Position:
    """How far a log has been read, and the start of a line whose end is not written yet."""

    offset: int
    begun: bytes = b""


@asynccontextmanager
async def following_logs(folder: Path, emit: Emit) -> AsyncIterator[None]:
    """Calls `emit(process, line)` for each line written to the folder's logs from now on."""
    positions = _ends(folder)
    task = asyncio.create_task(_follow(folder, positions, emit), name="follow logs")
    try:
        yield
    finally:
        task.cancel()
        _read_all(folder, positions, emit)


def _ends(folder: Path) -> dict[Path, _Position]:
    return {log: _Position(log.stat().st_size) for log in folder.glob("*.log")}


async def _follow(folder: Path, positions: dict[Path, _Position], emit: Emit) -> None:
    while True:
        _read_all(folder, positions, emit)
        await asyncio.sleep(POLL_S)


def _read_all(folder: Path, positions: dict[Path, _Position], emit: Emit) -> None:
    for log in sorted(folder.glob("*.log")):
        position = positions.setdefault(log, _Position(0))
        if log.stat().st_size < position.offset:  # set aside for its size, and begun anew
            position.offset, position.begun = 0, b""
        with log.open("rb") as file:
            file.seek(position.offset)
            text = file.read(READ_BYTES)
        position.offset += len(text)
        *lines, position.begun = (position.begun + text).split(b"\n")
        for line in lines:
            emit(log.stem, line.decode(errors="replace"))
