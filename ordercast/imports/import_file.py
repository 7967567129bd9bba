"""Imports a shop's file through the HTTP API, as any shop would.

The rows lie on disk, and go out in chunks while the next chunk is made. An order's number is its `order_ref`, so a second run finds
every order there and changes nothing.
"""

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from ordercast.imports.documents.cells import LeftOut, Refused
from ordercast.imports.documents.orders import Order, orders_of
from ordercast.imports.documents.views_and_products import Document, products_of, views_of
from ordercast.imports.errors import FileUnreadable
from ordercast.imports.files.spool import Spool
from ordercast.imports.find_form import Choices, Found, find_form, open_any
from ordercast.imports.profiles.mapping import Subject
from ordercast.imports.rejects import Rejects, open_rejects, without_reasons
from ordercast.imports.report import Report
from ordercast.imports.send import CHUNK_ROWS, Sender

Outcome = Order | Document | Refused | LeftOut
# Told how many rows of how many are done.
Advance = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file whose form is known, ready to be imported."""

    header: tuple[str, ...]
    rows: int
    found: Found
    spool: Spool

    def outcomes(self) -> Iterator[Outcome]:
        """What its rows become; each call reads them anew."""
        form = self.found.form
        if form.subject is Subject.ORDERS:
            return orders_of(self.spool.rows(form.columns.group_by), form)
        return (views_of if form.subject is Subject.VIEWS else products_of)(self.spool.rows(), form)

    def lines(self) -> Iterator[dict[str, Any]]:
        return (outcome.line for outcome in self.outcomes() if isinstance(outcome, Order | Document))


@contextmanager
def read_file(path: Path, choices: Choices, advance: Callable[[int], None] = lambda rows: None) -> Iterator[ReadFile]:
    """`advance` is told how many rows are read.

    Raises:
        FileUnreadable: missing, damaged, or of a form that nobody knows.
        Undecided: it does not say enough.
    """
    with tempfile.TemporaryDirectory(prefix="ordercast-import-") as name:
        folder = Path(name)
        with Spool(folder) as spool:
            try:
                table = without_reasons(open_any(path, folder, choices.encoding))
                rows = spool.add(table.rows, advance)
            except FileUnreadable as error:  # what was unpacked is called by its name alone
                raise FileUnreadable(str(error).replace(f"{name}/", ""), hint=error.hint) from error
            yield ReadFile(table.header, rows, find_form(table, spool, choices), spool)


def try_file(file: ReadFile, shown: int) -> tuple[Report, list[dict[str, Any]]]:
    """What an import would send: its report, and the first documents."""
    report = Report(file.found.words)
    for outcome in file.outcomes():
        _account_for(outcome, report, file.found.form.currency)
    return report, list(islice(file.lines(), shown))


def _account_for(outcome: Outcome, report: Report, currency: str | None) -> None:
    match outcome:
        case Refused():
            report.add_refused(outcome)
        case LeftOut():
            report.add_left_out(outcome)
        case _:
            report.add(outcome, currency)


@dataclass(slots=True)
class _Chunk:
    """Documents for one request, and what else was met on the way to them."""

    documents: list[Order | Document] = field(default_factory=list)
    others: list[Refused | LeftOut] = field(default_factory=list)
    rows: int = 0


async def import_file(
    file: ReadFile, sender: Sender, rejects_file: Path, *, advance: Advance = lambda done, of: None
) -> Report:
    """Sends all of the file.

    Raises:
        ClientError: the API refuses a whole request, or stays away. What was sent before is in.
        RejectsUnwritable: as it says.
    """
    report, done = Report(file.found.words), 0
    with open_rejects(rejects_file, file.header) as rejects:
        chunks = _chunks(file.outcomes())
        coming = asyncio.create_task(asyncio.to_thread(next, chunks, None))
        while (chunk := await coming) is not None:
            # The next chunk is made while the API works on this one.
            coming = asyncio.create_task(asyncio.to_thread(next, chunks, None))
            try:
                await _send(chunk, sender, file.found.form.currency, rejects, report)
            except BaseException:  # a cancellation, too: nothing may read the file once it is closed
                await asyncio.gather(coming, return_exceptions=True)  # a thread cannot be cancelled
                raise
            done += chunk.rows
            advance(done, file.rows)
    report.counts = sender.counts
    return report


def _chunks(outcomes: Iterator[Outcome]) -> Iterator[_Chunk]:
    chunk = _Chunk()
    for outcome in outcomes:
        if isinstance(outcome, Refused | LeftOut):
            chunk.others.append(outcome)
        else:
            chunk.documents.append(outcome)
        chunk.rows += len(outcome.rows) if isinstance(outcome, Order) else 1
        if chunk.rows >= CHUNK_ROWS:
            yield chunk
            chunk = _Chunk()
    yield chunk


async def _send(chunk: _Chunk, sender: Sender, currency: str | None, rejects: Rejects, report: Report) -> None:
    reasons = await sender.send(chunk.documents) if chunk.documents else {}
    refused = [outcome for outcome in chunk.others if isinstance(outcome, Refused)]
    for place, document in enumerate(chunk.documents):
        if place in reasons:
            rows = document.rows if isinstance(document, Order) else [document.row]
            refused += [Refused(row, reasons[place]) for row in rows]
        else:
            report.add(document, currency)
    for outcome in chunk.others:
        if isinstance(outcome, LeftOut):
            report.add_left_out(outcome)
    for one in refused:
        report.add_refused(one)
        rejects.add(one)
