"""Imports a shop's history in the shape of UCI Online Retail, through the HTTP API as any shop would.

Every row of the file is imported or refused with a reason: rows in = imported + refused. An invoice is an order (its number
the `order_ref`), so a second run finds every order there and changes nothing; one that has come with other rows is refused or
replaced. The file is streamed, in chunks of invoices.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from ordercast.client import Client
from ordercast.client.order_api import ndjson
from ordercast.imports.online_retail.clean import clean
from ordercast.imports.online_retail.invoices import Invoice, assemble
from ordercast.imports.online_retail.rejects import Rejects, open_rejects
from ordercast.imports.online_retail.rows import FileProgress, RefusedRow, read_rows
from ordercast.imports.online_retail.simulated_views import simulate_views
from ordercast.imports.sent_batches import SentBatches

# Lines of invoices in one request: some 1 MB, a second's work for the API, and no more views than a batch may have.
CHUNK_LINES: Final = 8_000
CURRENCY: Final = "GBP"  # the shop's own; the file names none

OnConflict = Literal["refuse", "replace"]
Advance = Callable[[FileProgress], None]


@dataclass(frozen=True, slots=True)
class SimulatedViews:
    """Asks for simulated views. `sent` keeps a second run from adding them again."""

    seed: int
    sent: SentBatches


@dataclass(slots=True)
class ImportReport:
    """What became of the rows, the orders and the simulated views."""

    rows_imported: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    orders_created: int = 0
    orders_repeated: int = 0
    orders_replaced: int = 0
    view_events: int = 0
    view_batches_repeated: int = 0

    @property
    def rows_refused(self) -> int:
        return self.refused.total()

    @property
    def rows(self) -> int:
        return self.rows_imported + self.rows_refused


async def import_online_retail(
    admin: Client,
    file: Path,
    rejects_file: Path,
    *,
    on_conflict: OnConflict = "refuse",
    views: SimulatedViews | None = None,
    advance: Advance = lambda _: None,
) -> ImportReport:
    """Imports the file; `advance` is told how far it is read.

    Raises:
        FileUnreadable: the file is missing, damaged or of another shape. The chunks before the damage are imported.
        ClientError: the API refuses a whole request, or stays away.
        OSError: the rejects file cannot be written.
    """
    report = ImportReport()
    with open_rejects(rejects_file) as rejects:
        progress = FileProgress.at_start(file)
        chunks = _chunks(file, progress)
        coming = asyncio.create_task(asyncio.to_thread(next, chunks, None))
        while (chunk := await coming) is not None:
            # The next chunk is read while the API works on this one.
            coming = asyncio.create_task(asyncio.to_thread(next, chunks, None))
            try:
                await _send(admin, chunk, on_conflict, views, rejects, report)
            except BaseException:
                await asyncio.gather(coming, return_exceptions=True)  # a thread cannot be cancelled
                raise
            advance(progress)
    return report


@dataclass(slots=True)
class _Chunk:
    """Invoices for one request, and the rows that were refused among them."""

    invoices: list[Invoice] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)
    lines: int = 0


def _chunks(file: Path, progress: FileProgress) -> Iterator[_Chunk]:
    chunk = _Chunk()
    for outcome in assemble(clean(row) for row in read_rows(file, progress)):
        if isinstance(outcome, RefusedRow):
            chunk.refused.append(outcome)
        else:
            chunk.invoices.append(outcome)
            chunk.lines += len(outcome.lines)
        if chunk.lines + len(chunk.refused) >= CHUNK_LINES:
            yield chunk
            chunk = _Chunk()
    yield chunk


async def _send(
    admin: Client,
    chunk: _Chunk,
    on_conflict: OnConflict,
    views: SimulatedViews | None,
    rejects: Rejects,
    report: ImportReport,
) -> None:
    imported = await _send_invoices(admin, chunk, on_conflict, report)
    report.rows_imported += sum(len(invoice.lines) for invoice in imported)
    for refused in chunk.refused:
        report.refused[refused.reason] += 1
        rejects.add(refused)
    if views is not None:
        await _send_views(admin, imported, views, report)


async def _send_invoices(admin: Client, chunk: _Chunk, on_conflict: OnConflict, report: ImportReport) -> list[Invoice]:
    """The invoices that are in the system now; the rows of the others become refused rows of the chunk."""
    if not chunk.invoices:
        return []
    answer = await admin.order_api.import_orders(
        (invoice.import_line() for invoice in chunk.invoices),
        create_missing=True,
        currency=CURRENCY,
        on_conflict=on_conflict,
    )
    report.orders_created += answer.created
    report.orders_repeated += answer.repeated
    report.orders_replaced += answer.replaced
    reasons = {refused.line: f"refused by the API: {refused.reason}" for refused in answer.refused}
    imported = []
    for number, invoice in enumerate(chunk.invoices, start=1):
        if number in reasons:
            chunk.refused += [RefusedRow(line.row, reasons[number]) for line in invoice.lines]
        else:
            imported.append(invoice)
    return imported


async def _send_views(admin: Client, invoices: list[Invoice], views: SimulatedViews, report: ImportReport) -> None:
    lines: list[dict[str, Any]] = [line for invoice in invoices for line in simulate_views(invoice, views.seed)]
    for start in range(0, len(lines), CHUNK_LINES):
        batch = lines[start : start + CHUNK_LINES]
        # The views are their own name: the same ones are never added twice, whatever else the file holds.
        key = hashlib.sha256(ndjson(batch)).hexdigest()
        if key in views.sent:
            report.view_batches_repeated += 1
            continue
        report.view_events += (await admin.order_api.add_views(batch, key=key)).accepted
        await asyncio.to_thread(views.sent.add, key)
