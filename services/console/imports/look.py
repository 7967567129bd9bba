"""Looks at a file, and sends it: with the code of `ordercast import`, in a thread, so that pages go on.

What reads files is loaded by the first file: a console that imports nothing goes without it, and without its 200 MB.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ordercast.client import Client
from ordercast.client.errors import ClientError, ProblemAnswer, ServiceUnreachable
from ordercast.client.request import TRANSIENT_STATUSES
from ordercast.contracts.because import Sentence, sentence, sentence_of
from ordercast.errors import ActionableError
from ordercast.services.console.imports.told import Told

if TYPE_CHECKING:
    from ordercast.imports.files.unpack import Bounds
    from ordercast.imports.import_file import ReadFile
    from ordercast.imports.report import Report
    from ordercast.imports.send import OnConflict, Sender

# Documents and rows that a page shows, and characters of a cell.
SHOWN: Final = 5
SHOWN_CELL: Final = 60
# A chunk is sent again for so long (s) while order_api is away, each time after a pause.
PATIENCE_S: Final = 40.0
_PAUSE_S: Final = 1.0

Advance = Callable[[int, int], None]
Result = TypeVar("Result")


def can_read_files() -> bool:
    """Whether what reads files is installed: the extra `tools`."""
    return find_spec("duckdb") is not None


class Stopped(Exception):
    """Nobody wants the rest of the file any more."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a file is. `problem` says why it cannot come in as it was told, and `hint` what would help; where there is none,
    `documents` are the first that would come in, and `report` says what becomes of all rows."""

    header: Sequence[str] = ()
    rows: int = 0
    first_rows: Sequence[Sequence[str]] = ()
    words: Sequence[str] = ()
    columns: dict[str, str] = field(default_factory=dict)
    documents: Sequence[dict[str, str]] = ()
    report: "Report | None" = None
    problem: str | None = None
    hint: str = ""
    # As it was read, where that is more than was told: as a file of the same shape before it.
    completed: Told | None = None


# What is told of a file, once its columns are known.
Complete = Callable[[Told, Sequence[str]], Told]


def _bounds() -> "Bounds":
    """Narrower than on somebody's own machine: the console is for all who run the shop."""
    from ordercast.imports.files.unpack import Bounds

    return Bounds(harmless_bytes=256 << 20, ratio=0, workbook_bytes=128 << 20, cells=10_000_000)


async def look_at(path: Path, told: Told, advance: Advance, complete: Complete = lambda told, _: told) -> Look:
    """As `ordercast import --dry-run`."""
    stop = Event()
    return await _in_thread(lambda: _look_at(path, told, _until(stop, advance), complete), stop)


def _look_at(path: Path, told: Told, advance: Advance, complete: Complete) -> Look:
    from ordercast.imports.import_file import spool_file, try_file

    look = Look()
    try:
        with spool_file(path, told.encoding or None, lambda done: advance(done, 0), bounds=_bounds()) as spooled:
            first = [[_short(cell) for cell in row.cells] for row in islice(spooled.spool.rows(), SHOWN)]
            whole = complete(told, spooled.table.header)
            look = Look(spooled.table.header, spooled.rows, first, completed=None if whole == told else whole)
            read = spooled.found(whole.choices())
            report, documents = try_file(read, SHOWN, advance=advance)
            form = read.found.form
            columns = {name: form.columns.name(name) for name in form.columns.fields}
            columns |= {name: f"={text}" for name, text in form.mapping.constants.items()}
            shown = [_shown(document) for document in documents]
            words = [_readable(word) for word in read.found.words]
            return replace(look, words=words, columns=columns, documents=shown, report=report)
    except ActionableError as error:
        # A sentence names no file; other messages name it by its path here.
        problem = sentence_of(error) or str(error).replace(f"{path.parent}/", "")
        return replace(look, problem=_readable(problem), hint=_readable(error.hint))


async def send(
    path: Path, told: Told, client: Client, on_conflict: "OnConflict", rejects: Path, views_sent: Path, advance: Advance
) -> "Report":
    """As `ordercast import`.

    Raises:
        ActionableError: the file is no longer as it was looked at.
        ClientError: order_api refuses a whole request, or stays away. What was sent before is in.
    """
    from ordercast.imports.import_file import import_file, read_file, sender_of

    stop = Event()
    with ExitStack() as stack:
        file: ReadFile = await _in_thread(
            lambda: stack.enter_context(
                read_file(path, told.choices(), lambda done: _until(stop, advance)(done, 0), bounds=_bounds())
            ),
            stop,
        )
        sender = await asyncio.to_thread(sender_of, file, client, on_conflict, views_sent)
        return await import_file(file, _Patient(sender), rejects, advance=advance)


class _Patient:
    """Sends again while order_api is away: an import is to come to its end. What is sent twice counts once."""

    def __init__(self, sender: "Sender") -> None:
        self._sender = sender
        self.counts = sender.counts

    async def send(self, documents: Sequence[Any]) -> dict[int, str]:
        give_up_at = asyncio.get_running_loop().time() + PATIENCE_S
        while True:
            try:
                return await self._sender.send(documents)
            except ClientError as error:
                passing = isinstance(error, ServiceUnreachable) or (
                    isinstance(error, ProblemAnswer) and error.status in TRANSIENT_STATUSES
                )
                if not passing or asyncio.get_running_loop().time() > give_up_at:
                    raise
            await asyncio.sleep(_PAUSE_S)


async def _in_thread(work: Callable[[], Result], stop: Event) -> Result:
    """A thread cannot be cancelled: it is told to stop, and waited for."""
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.gather(running, return_exceptions=True)
        raise


def _until(stop: Event, advance: Advance) -> Advance:
    def advance_or_stop(done: int, of: int) -> None:
        if stop.is_set():
            raise Stopped
        advance(done, of)

    return advance_or_stop


def _shown(document: dict[str, Any]) -> dict[str, str]:
    """Each field in words; what was ordered as `2 x MUG at 10.25`."""
    fields = {name: _short(str(value)) for name, value in document.items() if name != "items"}
    if "items" in document:
        items = [f"{item['quantity']} × {item['sku']} ({item['unit_price']})" for item in document["items"][:SHOWN]]
        more = len(document["items"]) - SHOWN
        fields["items"] = ", ".join(items) + (f" +{more}" if more > 0 else "")
    return fields


def _short(text: str) -> str:
    text = _readable(text)
    return text if len(text) <= SHOWN_CELL else f"{text[:SHOWN_CELL]}…"


def _readable(text: str) -> str:
    """Bytes that were no text cannot be shown."""
    if isinstance(text, Sentence):
        values = text.because.values
        return sentence(text.because.code, **{n: _readable(v) if isinstance(v, str) else v for n, v in values.items()})
    return text.encode(errors="replace").decode()
