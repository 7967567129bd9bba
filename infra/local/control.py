"""The Unix socket through which a running system is controlled; `ordercast/client/control.py` has the protocol.

It lies in the state folder, and only its owner may connect. A path that is too long for a socket is replaced by one in a
temporary folder; system.json says which it is.
"""

import asyncio
import contextlib
import json
import os
import shutil
import socket
import tempfile
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from inspect import Parameter, signature
from pathlib import Path
from typing import Final, TypeVar, get_type_hints

import msgspec

from ordercast.errors import ActionableError
from ordercast.first_line import first_line

NAME: Final = "control"
# A socket's address holds 108 bytes on Linux and 104 on macOS, with a zero at the end.
LONGEST_PATH_BYTES: Final = 103
# The temporary folder of every Unix, for when TMPDIR is a long path too.
SHORT_TMPDIR: Final = "/tmp"  # noqa: S108 - mkdtemp makes a folder of its own in it
SHORT_FOLDER_PREFIX: Final = "ordercast-"
# Time (s) for the last answers to go out when the system has ended.
LAST_ANSWERS_S: Final = 2.0
OWNER_ONLY_UMASK: Final = 0o177
# A request (bytes) names a command and a few words.
MAX_REQUEST_BYTES: Final = 65_536

Report = Callable[[str], None]
Form = TypeVar("Form", bound=msgspec.Struct)
# Does a command: gets a way to tell progress, then the command's arguments by name. A request must fit the types of these. The
# result goes back as JSON.
Handler = Callable[..., Awaitable[object]]


class Request(msgspec.Struct, forbid_unknown_fields=True):
    command: str
    arguments: msgspec.Raw


@asynccontextmanager
async def control_socket(folder: Path, handlers: Mapping[str, Handler], report: Report) -> AsyncIterator[Path]:
    """Answers requests for as long as the block runs, and those of that time to their end. The path of the socket.

    Handlers raise ActionableError for what the caller is to be told. Any other error is told, and its traceback reported.

    Raises:
        ActionableError: the socket cannot be made.
    """
    with _place(folder) as path:
        answering: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(_answer(handlers, report, reader, writer))
            answering.add(task)
            task.add_done_callback(answering.discard)

        server = await asyncio.start_unix_server(accept, sock=_bound(path), limit=MAX_REQUEST_BYTES)
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
            folder = Path(tempfile.mkdtemp(prefix=SHORT_FOLDER_PREFIX, dir=parent))
            if _fits(folder / NAME):
                return folder
            folder.rmdir()
    raise ActionableError(
        f"neither the folder nor {tempfile.gettempdir()} has a path that is short enough for a socket",
        hint="set TMPDIR to a folder with a short path",
    )


def remove_control(path: Path) -> None:
    """Removes what a system that was killed left of its socket: a temporary folder is not found again by its name."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
        if path.parent.name.startswith(SHORT_FOLDER_PREFIX):
            path.parent.rmdir()


def _bound(path: Path) -> socket.socket:
    """A socket that only its owner may connect to. Raises ActionableError."""
    listener = socket.socket(socket.AF_UNIX)
    before = os.umask(OWNER_ONLY_UMASK)  # so that it is never open to others, not even for a moment
    try:
        # Whoever holds the folder's lock made the socket that may still lie there, and was killed.
        path.unlink(missing_ok=True)
        listener.bind(str(path))
    except OSError as error:
        listener.close()
        raise ActionableError(
            f"the socket {path} cannot be made: {error.strerror or error}",
            hint="remove what lies there, or choose another folder with --state DIR",
        ) from error
    finally:
        os.umask(before)
    return listener


async def _answer(
    handlers: Mapping[str, Handler], report: Report, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    def send(**answer: object) -> None:
        writer.write(json.dumps(answer).encode() + b"\n")

    with contextlib.suppress(ConnectionError):  # the caller went away; what it asked for is done all the same
        try:
            send(result=await _result(handlers, reader, lambda line: send(progress=line)))
        except ActionableError as error:
            send(error=str(error), hint=error.hint)
        except Exception as error:
            report(f"a command failed:\n{traceback.format_exc()}")
            send(error=first_line(error), hint="")
        finally:
            await writer.drain()
            writer.close()
            await writer.wait_closed()


async def _result(handlers: Mapping[str, Handler], reader: asyncio.StreamReader, progress: Report) -> object:
    try:
        line = await reader.readline()
    except ValueError:
        raise ActionableError(f"the request is longer than {MAX_REQUEST_BYTES} bytes") from None
    request = _decoded(line, Request)
    handler = handlers.get(request.command)
    if handler is None:
        raise ActionableError(f"there is no command {request.command[:40]!r}; known are {', '.join(handlers)}")
    arguments = _decoded(bytes(request.arguments), _arguments_of(handler))
    return await handler(progress, **msgspec.structs.asdict(arguments))


def _decoded(text: bytes, form: type[Form]) -> Form:
    try:
        return msgspec.json.decode(text, type=form)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ActionableError(f"the request cannot be read: {first_line(error)}") from None


def _arguments_of(handler: Handler) -> type[msgspec.Struct]:
    """The form of a handler's arguments: those that it takes by name, all of them needed."""
    hints = get_type_hints(handler, include_extras=True)
    names = [name for name, one in signature(handler).parameters.items() if one.kind is Parameter.KEYWORD_ONLY]
    return msgspec.defstruct("Arguments", [(name, hints[name]) for name in names], forbid_unknown_fields=True)
