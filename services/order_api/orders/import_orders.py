"""Imports a shop's own history: lines are parsed as they stream in and committed chunk by chunk."""

from collections.abc import AsyncIterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from ordercast.services.order_api.missing_references import (
    NewProduct,
    create_missing_accounts,
    create_missing_products,
)
from ordercast.services.order_api.ndjson import LineRefused, parse_line, read_lines
from ordercast.services.order_api.orders.answers import ImportAnswer, RefusedLine
from ordercast.services.order_api.orders.import_lines import ImportLine, order_row
from ordercast.services.order_api.orders.order_events import recorded
from ordercast.services.order_api.orders.outbox import append_to_outbox
from ordercast.services.order_api.orders.write_orders import OrderRow, write_orders
from ordercast.services.order_api.references import accounts_by_ref, priced_products_by_sku
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.retry import retry_conflicts
from ordercast.services.shared.telemetry.metrics import ORDERS_ACCEPTED, ORDERS_PER_COMMIT

# Orders in one transaction: large enough to be quick, small enough that other orders of the same shards hardly wait.
CHUNK = 200

_decoder = msgspec.json.Decoder(ImportLine)


@dataclass
class _Progress:
    created: int = 0
    repeated: int = 0
    refused: list[RefusedLine] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """`currency` (ISO 4217) is that of products which `create_missing` makes."""

    create_missing: bool
    currency: str
    traceparent: str | None = None


class ImportOrders:
    """Imports orders; the same `order_ref` twice is one order, so a whole import can be repeated."""

    def __init__(self, sessions: Sessions, *, partitions: int) -> None:
        self._sessions = sessions
        self._partitions = partitions

    async def run(self, body: AsyncIterable[bytes], options: ImportOptions) -> ImportAnswer:
        """Imports every line of the body. What was committed before an error, or before the client went away, stays."""
        progress = _Progress()
        chunk: list[tuple[int, ImportLine]] = []
        async for number, line in read_lines(body):
            try:
                if isinstance(line, LineRefused):
                    raise line
                chunk.append((number, parse_line(_decoder, line)))
            except LineRefused as refusal:
                progress.refused.append(RefusedLine(number, str(refusal)))
            if len(chunk) == CHUNK:
                await self._import(chunk, options, progress)
                chunk = []
        if chunk:
            await self._import(chunk, options, progress)
        return ImportAnswer(progress.created, progress.repeated, sorted(progress.refused, key=lambda line: line.line))

    async def _import(
        self, chunk: Sequence[tuple[int, ImportLine]], options: ImportOptions, progress: _Progress
    ) -> None:
        created, repeated, refused = await retry_conflicts(lambda: self._commit(chunk, options))
        progress.created += created
        progress.repeated += repeated
        progress.refused += refused

    async def _commit(
        self, chunk: Sequence[tuple[int, ImportLine]], options: ImportOptions
    ) -> tuple[int, int, list[RefusedLine]]:
        lines = [line for _, line in chunk]
        async with self._sessions() as session, session.begin():
            if options.create_missing:
                await create_missing_accounts(session, {line.account_ref for line in lines})
                await create_missing_products(session, _products_of(lines, options.currency))
            accounts = await accounts_by_ref(session, {line.account_ref for line in lines})
            products = await priced_products_by_sku(session, {item.sku for line in lines for item in line.items})
            now = datetime.now(UTC)
            rows: list[OrderRow] = []
            refused: list[RefusedLine] = []
            for number, line in chunk:
                try:
                    rows.append(order_row(line, accounts, products, now))
                except LineRefused as refusal:
                    refused.append(RefusedLine(number, str(refusal)))
            # Sorted, so that two imports of the same history never deadlock.
            written = await write_orders(session, sorted(rows, key=lambda row: row.order_ref or ""))
            events = [recorded(row, options.traceparent) for row in rows if row.id in written]
            await append_to_outbox(session, events, self._partitions)
        if written:
            ORDERS_ACCEPTED.inc(len(written))
            ORDERS_PER_COMMIT.observe(len(written))
        return len(written), len(rows) - len(written), refused


def _products_of(lines: Sequence[ImportLine], currency: str) -> list[NewProduct]:
    """Each product with the name and price of the first line that has it."""
    first: dict[str, NewProduct] = {}
    for item in (item for line in lines for item in line.items):
        first.setdefault(item.sku, NewProduct(item.sku, item.name or item.sku, Decimal(item.unit_price), currency))
    return list(first.values())
