"""The Unix socket through which a running system is controlled; `ordercast/client/control.py` has the protocol.

It lies in the state folder, and only its owner may connect. A path that is too long for a socket is replaced by one in a
temporary folder; system.json says which it is.
"""

import asyncio
import contextlib
import json
import logging
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from ordercast.errors import ActionableError
from ordercast.first_line import first_line

logger = logging.getLogger(__name__)

NAME: Final = "control"
# A socket's address holds 108 bytes on Linux and 104 on macOS, with a zero at the end.
LONGEST_PATH_BYTES: Final = 103
# The temporary folder of every Unix, for when TMPDIR is a long path too.
SHORT_TMPDIR: Final = "/tmp"  # noqa: S108 - mkdtemp makes a folder of its own in it
# Time (s) for the last answers to go out when the system has ended.
LAST_ANSWERS_S: Final = 2.0
OWNER_ONLY_UMASK: Final = 0o177

Report = Callable[[str], None]
# Does a command: gets a way to tell progress, then the command's arguments. Its result goes back as JSON.
Handler = Callable[..., Awaitable[object]]


@asynccontextmanager
async def control_socket(folder: Path, handlers: Mapping[str, Handler]) -> AsyncIterator[Path]:
    """Answers requests for as long as the block runs, and those of that time to their end. The path of the socket.

    Handlers raise ActionableError for what the caller is to be told. Any other error is told and logged.

    Raises:
        ActionableError: no path is short enough for a socket.
    """
    with _place(folder) as path:
        # Whoever holds the folder's lock made the socket that may still lie there, and was killed.
        path.unlink(missing_ok=True)
        answering: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(_answer(handlers, reader, writer))
            answering.add(task)
            task.add_done_callback(answering.discard)

        server = await asyncio.start_unix_server(accept, sock=_bound(path))
        try:
            yield path
        finally:
            server.close()
            path.unlink(missing_ok=True)
            if answering:
                _, late = await asyncio.wait(answering, timeout=LAST_ANSWERS_S)
                for task in late:
                    task.cancel()
                await asyncio.gather(*late, return_exceptions=True)


@contextlib.contextmanager
def _place(folder: Path) -> Iterator[Path]:
    path = folder / NAME
    if _fits(path):
        yield path
        return
    short = _short_folder()
    try:
        yield short / NAME
    finally:
        shutil.rmtree(short, ignore_errors=True)


def _fits(path: Path) -> bool:
    return len(os.fsencode(path)) <= LONGEST_PATH_BYTES


def _short_folder() -> Path:
    for parent in (tempfile.gettempdir(), SHORT_TMPDIR):
        with contextlib.suppress(OSError):
            folder = Path(tempfile.mkdtemp(prefix="ordercast-", dir=parent))
            if _fits(folder / NAME):
                return folder
            folder.rmdir()
    raise ActionableError(
        f"neither the folder nor {tempfile.gettempdir()} has a path that is short enough for a socket",
        hint="set TMPDIR to a folder with a short path",
    )


def _bound(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    before = os.umask(OWNER_ONLY_UMASK)  # so that it is never open to others, not even for a moment
    try:
        listener.bind(str(path))
    except OSError:
        listener.close()
        raise
    finally:
        os.umask(before)
    return listener


async def _answer(handlers: Mapping[str, Handler], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    def send(**answer: object) -> None:
        writer.write(json.dumps(answer).encode() + b"\n")

    with contextlib.suppress(ConnectionError):  # the caller went away; what it asked for is done all the same
        try:
            send(result=await _result(handlers, reader, lambda line: send(progress=line)))
        except ActionableError as error:
            send(error=str(error), hint=error.hint)
        except Exception as error:
            logger.exception("a command failed")
            send(error=first_line(error), hint="")
        finally:
            await writer.drain()
            writer.close()
            await writer.wait_closed()


async def _result(handlers: Mapping[str, Handler], reader: asyncio.StreamReader, progress: Report) -> object:
    try:
        request = json.loads(await reader.readline())
        work = handlers[request["command"]](progress, **request["arguments"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ActionableError(f"the request cannot be read: {error!r}") from error
    return await work
