"""Imports a shop's own history: lines are parsed as they stream in and committed chunk by chunk."""

from collections import defaultdict
from collections.abc import AsyncIterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.contracts.because import sentence
from ordercast.services.order_api.errors import Overtaken
from ordercast.services.order_api.ndjson import LineRefused, parse_line, read_lines
from ordercast.services.order_api.orders.answers import ImportAnswer
from ordercast.services.order_api.orders.import_lines import ImportLine, check_times
from ordercast.services.order_api.orders.import_references import ImportReferences
from ordercast.services.order_api.orders.known_orders import KnownOrder, known_orders
from ordercast.services.order_api.orders.order_events import imported
from ordercast.services.order_api.orders.outbox import PendingEvent, append_to_outbox
from ordercast.services.order_api.orders.write_orders import write_orders
from ordercast.services.order_api.refused_lines import RefusedLine, RefusedLines
from ordercast.services.shared.audit.record import record_act
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.retry import ATTEMPTS, retry_conflicts
from ordercast.services.shared.http.caller import Caller
from ordercast.services.shared.telemetry.metrics import ORDERS_ACCEPTED, ORDERS_PER_COMMIT

# Orders in one transaction: large enough to be quick, small enough that other orders of the same shards hardly wait.
CHUNK: Final = 200

NumberedLine = tuple[int, ImportLine]
OnConflict = Literal["refuse", "replace"]

_decoder = msgspec.json.Decoder(ImportLine)


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """`currency` (ISO 4217) is that of products which `create_missing` makes, where a line has none of its own.

    `on_conflict` says what becomes of a line that tells otherwise of an order which is there.
    """

    create_missing: bool = False
    currency: str | None = None
    on_conflict: OnConflict = "refuse"
    traceparent: str | None = None


@dataclass(slots=True)
class _Outcome:
    """What became of lines."""

    created: int = 0
    repeated: int = 0
    changed: int = 0
    replaced: int = 0
    refused: list[RefusedLine] = field(default_factory=list)
    events: list[PendingEvent] = field(default_factory=list)

    def add(self, other: "_Outcome") -> None:
        self.created += other.created
        self.repeated += other.repeated
        self.changed += other.changed
        self.replaced += other.replaced


class ImportOrders:
    """Imports orders. What a line says is compared with what is there, so a whole import can be repeated."""

    def __init__(self, sessions: Sessions, *, partitions: int) -> None:
        self._sessions = sessions
        self._partitions = partitions

    async def run(
        self, body: AsyncIterable[bytes], options: ImportOptions, refused: RefusedLines, by: Caller | None = None
    ) -> ImportAnswer:
        """Imports every line of the body; `refused` gets the lines that are not taken, in their order.

        That it starts has a line in the audit log. What was committed before an error, or before the client went away, stays.

        Raises:
            NotNdjson: the body is something else.
            NoRoomForReport: the refused lines cannot be kept.
            Overtaken: others work on the same orders all the time.
        """
        async with self._sessions() as session, session.begin():
            record_act(
                session,
                "order-import-started",
                by,
                create_missing=options.create_missing,
                on_conflict=options.on_conflict,
            )
        total = _Outcome()
        chunk: list[NumberedLine] = []
        unread: list[RefusedLine] = []
        async for number, line in read_lines(body):
            try:
                if isinstance(line, LineRefused):
                    raise line
                chunk.append((number, parse_line(_decoder, line)))
            except LineRefused as refusal:
                unread.append(RefusedLine.of(number, refusal))
            if len(chunk) + len(unread) == CHUNK:
                await self._import(chunk, unread, options, total, refused)
                chunk, unread = [], []
        await self._import(chunk, unread, options, total, refused)
        return ImportAnswer(total.created, total.repeated, total.changed, total.replaced, [])

    async def _import(
        self,
        chunk: Sequence[NumberedLine],
        unread: Sequence[RefusedLine],
        options: ImportOptions,
        total: _Outcome,
        refused: RefusedLines,
    ) -> None:
        outcome = await self._commit_unless_overtaken(chunk, options) if chunk else _Outcome()
        if written := outcome.created + outcome.replaced:
            ORDERS_ACCEPTED.inc(written)
            ORDERS_PER_COMMIT.observe(written)
        total.add(outcome)
        await refused.add(sorted([*unread, *outcome.refused], key=lambda line: line.line))

    async def _commit_unless_overtaken(self, chunk: Sequence[NumberedLine], options: ImportOptions) -> _Outcome:
        """Tries again where somebody else has just written the same orders: then they are there to compare with."""
        for _ in range(ATTEMPTS - 1):
            try:
                return await retry_conflicts(lambda: self._commit(chunk, options))
            except Overtaken:
                continue
        return await retry_conflicts(lambda: self._commit(chunk, options))

    async def _commit(self, chunk: Sequence[NumberedLine], options: ImportOptions) -> _Outcome:
        outcome = _Outcome()
        async with self._sessions() as session, session.begin():
            for lines in _rounds(chunk):
                await _import_round(session, lines, options, outcome)
            await append_to_outbox(session, outcome.events, self._partitions)
        return outcome


def _rounds(chunk: Sequence[NumberedLine]) -> list[list[NumberedLine]]:
    """The lines so that each order comes at most once in a round: a second line of it is judged against the first."""
    rounds: list[list[NumberedLine]] = []
    seen: defaultdict[str, int] = defaultdict(int)
    for number, line in chunk:
        position = seen[line.order_ref]
        seen[line.order_ref] += 1
        if position == len(rounds):
            rounds.append([])
        rounds[position].append((number, line))
    return rounds


async def _import_round(
    session: AsyncSession, lines: Sequence[NumberedLine], options: ImportOptions, outcome: _Outcome
) -> None:
    known = await known_orders(session, {line.order_ref for _, line in lines})
    references = await ImportReferences.read(
        session, [line for _, line in lines], create_missing=options.create_missing, currency=options.currency
    )
    now = datetime.now(UTC)
    new: list[ImportLine] = []
    for number, line in lines:
        try:
            check_times(line, now)
            order = known.get(line.order_ref)
            if order is None:
                references.accept(line)
                outcome.created += 1
                new.append(line)
            elif differences := list(order.differences(line, references)):
                _check_replaceable(order, differences, options)
                references.accept(line)
                outcome.replaced += 1
                outcome.events += order.take_back(now, options.traceparent)
                new.append(line)
            elif events := order.apply(line, options.traceparent):
                outcome.changed += 1
                outcome.events += events
            else:
                outcome.repeated += 1
        except LineRefused as refusal:
            outcome.refused.append(RefusedLine.of(number, refusal))
    await session.flush()  # a replaced order's reference is free from here on
    await references.create(session)
    # Sorted, so that two imports of the same history never deadlock.
    rows = [references.row(line) for line in sorted(new, key=lambda line: line.order_ref)]
    if len(await write_orders(session, rows)) < len(rows):
        raise Overtaken(sentence("import-overtaken"))
    outcome.events += [event for row in rows for event in imported(row, options.traceparent)]


def _check_replaceable(known: KnownOrder, differences: Sequence[str], options: ImportOptions) -> None:
    if options.on_conflict == "refuse":
        raise LineRefused(sentence("known-with-other-content", differences=", ".join(differences)))
    if known.order.is_cancellation:
        raise LineRefused(sentence("cancellation-stays", differences=", ".join(differences)))
