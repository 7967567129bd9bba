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
from typing import Any, Final, TypeVar

from ordercast.client import Client
from ordercast.imports.documents.cells import LeftOut, Refused
from ordercast.imports.documents.orders import Order, orders_of
from ordercast.imports.documents.views_and_products import Document, products_of, views_of
from ordercast.imports.errors import FileUnreadable, Undecided
from ordercast.imports.files.spool import Spool
from ordercast.imports.files.table import Table
from ordercast.imports.files.unpack import GENEROUS, Bounds
from ordercast.imports.find_form import Choices, Found, find_form, open_any
from ordercast.imports.profiles.mapping import Subject
from ordercast.imports.rejects import Rejects, open_rejects, without_reasons
from ordercast.imports.report import Report
from ordercast.imports.send import (
    CHUNK_ROWS,
    OnConflict,
    OrderSender,
    ProductSender,
    Sender,
    SimulatedViews,
    ViewSender,
)
from ordercast.imports.sent_views import SentViews

Outcome = Order | Document | Refused | LeftOut
# Told how many rows of how many are done.
Advance = Callable[[int, int], None]
One = TypeVar("One")
# In the folder of a system of this machine: which views were sent.
VIEWS_SENT: Final = "views_sent"
_TELL_KINDS: Final = "your own words for views and carts are told with --kind WORD=view and --kind WORD=cart"
_TELL_ORDERS: Final = "where another word means an order, it is told with --kind WORD=order"
# Rows, while it is found out what they become.
_TOLD_EVERY: Final = 5_000


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


@dataclass(frozen=True, slots=True)
class SpooledFile:
    """A file whose rows lie on disk; what they mean is not found yet."""

    table: Table
    rows: int
    spool: Spool

    def found(self, choices: Choices) -> ReadFile:
        """
        Raises:
            Undecided: it does not say enough.
        """
        try:
            return ReadFile(self.table.header, self.rows, find_form(self.table, self.spool, choices), self.spool)
        except Undecided as error:
            if not self.table.of_refused:
                raise
            same = "refused rows are read with all options of their file, as the import said at its end"
            raise Undecided(error.args[0], hint=f"{error.hint}; {same}") from error


@contextmanager
def spool_file(
    path: Path,
    encoding: str | None,
    advance: Callable[[int], None] = lambda rows: None,
    *,
    bounds: Bounds = GENEROUS,
) -> Iterator[SpooledFile]:
    """`advance` is told how many rows are read; what it raises ends the reading.

    Raises:
        FileUnreadable: missing, damaged, or of a form that nobody knows.
    """
    with tempfile.TemporaryDirectory(prefix="ordercast-import-") as name:
        folder = Path(name)
        with Spool(folder) as spool:
            try:
                table = without_reasons(open_any(path, folder, encoding, bounds))
                rows = spool.add(table.rows, advance)
            except FileUnreadable as error:  # what was unpacked is called by its name alone
                raise FileUnreadable(str(error).replace(f"{name}/", ""), hint=error.hint) from error
            yield SpooledFile(table, rows, spool)


@contextmanager
def read_file(
    path: Path,
    choices: Choices,
    advance: Callable[[int], None] = lambda rows: None,
    *,
    bounds: Bounds = GENEROUS,
) -> Iterator[ReadFile]:
    """`advance` as for `spool_file`.

    Raises:
        FileUnreadable: as `spool_file` says.
        Undecided: it does not say enough.
    """
    with spool_file(path, choices.encoding, advance, bounds=bounds) as spooled:
        yield spooled.found(choices)


def try_file(
    file: ReadFile, shown: int, *, advance: Advance = lambda done, of: None
) -> tuple[Report, list[dict[str, Any]]]:
    """What an import would send: its report, and the first documents."""
    report = _report_of(file.found)
    for outcome in _told(file.outcomes(), advance, file.rows):
        _account_for(outcome, report, file.found.form.currency)
    return report, list(islice(file.lines(), shown))


def _report_of(found: Found) -> Report:
    if "kind" in found.form.columns.fields:
        return Report(found.words, found.not_read, _TELL_KINDS)
    return Report(found.words, found.not_read, _TELL_ORDERS if found.form.mapping.only else "")


def _told(each: Iterator[One], advance: Advance, of: int) -> Iterator[One]:
    for done, one in enumerate(each):
        if done % _TOLD_EVERY == 0:
            advance(done, of)
        yield one


def sender_of(
    file: ReadFile, api: Client, on_conflict: OnConflict, views_sent: Path, simulated: SimulatedViews | None = None
) -> Sender:
    """What sends the file's documents with `api`. `views_sent` remembers which views are in the system."""
    currency = file.found.form.currency
    match file.found.form.subject:
        case Subject.ORDERS:
            return OrderSender(api, currency, on_conflict, simulated)
        case Subject.PRODUCTS:
            return ProductSender(api)
        case Subject.VIEWS:
            sent = SentViews(views_sent)
            return ViewSender(api, currency, sent, sent.sent_before(file.lines()))


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
    report, done = _report_of(file.found), 0
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
