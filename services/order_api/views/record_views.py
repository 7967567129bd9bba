"""Records views: straight to Kafka, acknowledged before the answer."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID, uuid5

import msgspec
import structlog
from sqlalchemy.exc import SQLAlchemyError
from uuid_utils.compat import uuid7

from ordercast.contracts.envelope import SequenceNumber
from ordercast.contracts.events import ProductViewed
from ordercast.first_line import first_line
from ordercast.services.order_api import event_times, references
from ordercast.services.order_api.errors import (
    BatchIncomplete,
    EventTimeRefused,
    KeyInFlight,
    KeyReused,
    Overloaded,
    UnknownProduct,
)
from ordercast.services.order_api.ndjson import LineRefused
from ordercast.services.order_api.orders.answers import RefusedLine
from ordercast.services.order_api.orders.idempotency import (
    Claim,
    claim_keys,
    locked_claim,
    store_answer,
    store_progress,
)
from ordercast.services.order_api.views.batch_progress import BatchProgress, decoded
from ordercast.services.order_api.views.lines import BatchAnswer, IncompleteBatch
from ordercast.services.order_api.views.resolve_lines import NumberedLine, resolve_lines
from ordercast.services.order_api.views.send_views import SendViews, View
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.unavailable import is_unavailable
from ordercast.services.shared.http.caller import Caller
from ordercast.services.shared.kafka.errors import BrokerUnavailable, KafkaError, NotSent, RecordRefused

log = structlog.stdlib.get_logger()

OPERATION = "POST /views/batch"
# Lines that the text of an error names.
NAMED_LINES: Final = 20
# A try holds its batch for so long (s) and renews that while it lasts, for it may wait behind other views. A key whose process
# died is free again after it; clients repeat for longer (`RETRY_FOR_S` in ordercast/client/transport.py).
HOLD_S: Final = 15.0
# Seldom for a try that takes a usual time, and twice more before the hold ends if the database is away at first (s).
RENEW_EVERY_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class RequestedView:
    """A product that the caller looked at, `count` times; without a time, now."""

    product_id: int
    count: int = 1
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """The lines of a request, those that could be read (with their digests by number) and those that could not."""

    lines: Sequence[NumberedLine]
    refused: Sequence[RefusedLine]
    digests: Mapping[int, bytes]
    body_sha256: bytes
    key: str | None
    traceparent: str | None


@dataclass(frozen=True, slots=True)
class _Held:
    """A claim, the try that holds it, its lines, and those of them that no try before may have sent."""

    claim_id: UUID
    holder: UUID
    progress: BatchProgress
    new: frozenset[int]


class RecordViews:
    """Records single views and batches of them."""

    def __init__(self, sessions: Sessions, sender: SendViews) -> None:
        self._sessions = sessions
        self._sender = sender
        self._known_products: set[int] = set()  # products are never deleted

    async def record(self, caller: Caller, request: RequestedView, traceparent: str | None) -> UUID:
        """Publishes one view; its event id.

        Raises:
            UnknownProduct, EventTimeRefused: nothing was published.
            RecordRefused: Kafka does not take it.
            NotSent: nothing was published.
            BrokerUnavailable: it may have been published.
            Overloaded: nothing was published.
        """
        now = datetime.now(UTC)
        occurred_at = request.occurred_at or now
        if reason := event_times.refusal(occurred_at, now):
            raise EventTimeRefused(reason, fields={"occurred_at": reason})
        await self._check_product(request.product_id)
        event = ProductViewed(caller.account_id, request.product_id, request.count, occurred_at.astimezone(UTC))
        view = View(uuid7(), event, traceparent)
        [error] = await self._sender.send([view])
        if error is not None:
            raise error
        return view.id

    async def record_batch(self, caller: Caller, batch: Batch) -> bytes:
        """Publishes the good lines; the answer's JSON (BatchAnswer).

        With a key, each line counts once however often the batch comes, whole or cut off in the middle.

        Raises:
            KeyReused: the key came with another body before, that has its whole answer or whose lines that count were changed.
            KeyInFlight: a batch with this key is being recorded just now, here or in another process.
            BatchIncomplete: Kafka went away in between; the error names the lines that count, or may.
            NotSent: no line of this try was published.
            Overloaded: nothing was published.
        """
        if batch.key is None:
            events, refused = await self._resolve(caller, batch)
            outcomes = await self._send(
                {number: View(uuid7(), event, batch.traceparent) for number, event in events.items()}
            )
            return _answer(batch, refused, outcomes)
        return await self._record_once(caller, batch, batch.key)

    async def _record_once(self, caller: Caller, batch: Batch, key: str) -> bytes:
        events, refused = await self._resolve(caller, batch)
        held = await self._claim(caller, batch, key, {number: batch.digests[number] for number in events})
        if isinstance(held, bytes):
            return held
        lines, streams = held.progress.lines, held.progress.streams
        waiting = {
            number: _keyed(event, number, streams[lines[number].stream], batch.traceparent)
            for number, event in events.items()
            if not lines[number].counts
        }
        async with self._holding(held):
            try:
                outcomes = dict.fromkeys(events) | await self._send(waiting)
            except Overloaded as error:
                await self._finish(held, batch, refused, dict.fromkeys(waiting, NotSent(str(error))))
                raise
            await self._finish(held, batch, refused, outcomes)
        return _answer(batch, refused, outcomes)

    async def _claim(self, caller: Caller, batch: Batch, key: str, digests: Mapping[int, bytes]) -> _Held | bytes:
        """Holds the batch, with a place for each line; or the answer that it has got already."""
        now = datetime.now(UTC)
        until = now.timestamp() + HOLD_S
        this_try, progress = uuid7(), BatchProgress()
        progress.hold(this_try, until)
        new = progress.add(digests, this_try)
        claim = Claim(
            caller.account_id, OPERATION, key, batch.body_sha256, this_try, answer=None, progress=progress.encoded()
        )
        async with self._sessions() as session, session.begin():
            before = (await claim_keys(session, [claim], now)).get(this_try)
            if before is None:
                return _Held(this_try, this_try, progress, new)
            if isinstance(before, KeyReused):
                raise before
            if before.answer is not None:
                return before.answer
            progress = decoded(before.progress) if before.progress else BatchProgress()
            if progress.is_held(now.timestamp()):
                raise KeyInFlight("a batch with this Idempotency-Key is being recorded; repeat it in a moment")
            if contradicted := progress.contradicted(digests):
                raise KeyReused(_must_stay(contradicted))
            progress.hold(this_try, until)
            new = progress.add(digests, this_try if progress.streams else before.claim_id)
            await store_progress(session, before.claim_id, progress.encoded())
        return _Held(before.claim_id, this_try, progress, new)

    @asynccontextmanager
    async def _holding(self, held: _Held) -> AsyncIterator[None]:
        """Renews the hold, and ends it where the try is cancelled: a repeat need not wait for it."""
        renewing = asyncio.create_task(self._renew(held), name="hold-batch")
        try:
            yield
        except asyncio.CancelledError:
            renewing.cancel()
            await asyncio.shield(self._hold_until(held, 0.0))
            raise
        finally:
            renewing.cancel()
            await asyncio.wait({renewing})

    async def _renew(self, held: _Held) -> None:
        is_held = True
        while is_held:
            await asyncio.sleep(RENEW_EVERY_S)
            is_held = await self._hold_until(held, datetime.now(UTC).timestamp() + HOLD_S)

    async def _hold_until(self, held: _Held, until: float) -> bool:
        """Moves the end (Unix, s) of the hold; False if the try has lost it. A database that is away changes nothing."""
        try:
            async with self._sessions() as session, session.begin():
                claim = await locked_claim(session, held.claim_id)
                progress = decoded(claim.progress) if claim is not None and claim.progress else BatchProgress()
                if progress.holder != held.holder:
                    return False
                progress.hold(held.holder, until)
                await store_progress(session, held.claim_id, progress.encoded())
        except (SQLAlchemyError, OSError) as error:
            if not is_unavailable(error):
                raise
            log.warning("the hold of a batch was not moved", cause=first_line(error))
        return True

    async def _finish(
        self,
        held: _Held,
        batch: Batch,
        refused: Sequence[RefusedLine],
        outcomes: Mapping[int, KafkaError | None],
    ) -> None:
        """Keeps what became of the lines, and lets go of the batch.

        Where the time of this try was over and another one holds the batch, only what counts is kept.
        """
        async with self._sessions() as session, session.begin():
            claim = await locked_claim(session, held.claim_id)
            if claim is None or claim.progress is None:
                return
            progress = decoded(claim.progress)
            is_holder = progress.holder == held.holder
            if is_holder and not _is_cut_off(outcomes):
                await store_answer(session, held.claim_id, _answer(batch, refused, outcomes), batch.body_sha256)
                return
            progress.count(number for number, error in outcomes.items() if error is None)
            if is_holder:
                progress.forget(
                    number
                    for number, error in outcomes.items()
                    # A record that is refused was refused before, too. One that is not sent now may have arrived before.
                    if isinstance(error, RecordRefused) or (isinstance(error, NotSent) and number in held.new)
                )
                progress.release()
            await store_progress(session, held.claim_id, progress.encoded())

    async def _send(self, views: Mapping[int, View]) -> dict[int, KafkaError | None]:
        """What became of each line: None if it counts."""
        return dict(zip(views, await self._sender.send(list(views.values())), strict=True))

    async def _resolve(self, caller: Caller, batch: Batch) -> tuple[dict[int, ProductViewed], list[RefusedLine]]:
        """The events of the good lines by number, and the lines that are refused."""
        async with self._sessions() as session:
            resolved = await resolve_lines(session, caller, batch.lines, datetime.now(UTC))
        events = {number: event for number, event in resolved if isinstance(event, ProductViewed)}
        refused = [RefusedLine(number, str(reason)) for number, reason in resolved if isinstance(reason, LineRefused)]
        return events, [*batch.refused, *refused]

    async def _check_product(self, product_id: int) -> None:
        if product_id in self._known_products:
            return
        async with self._sessions() as session:
            self._known_products |= await references.known_products(session, [product_id])
        if product_id not in self._known_products:
            raise UnknownProduct(
                "the view names a product that does not exist", fields={"product_id": "there is no such product"}
            )


def _must_stay(lines: Sequence[int]) -> str:
    named = ", ".join(map(str, lines[:NAMED_LINES])) + (", ..." if len(lines) > NAMED_LINES else "")
    return f"a repeat of this Idempotency-Key has to hold lines that count, or may count, as they were: {named}"


def _is_cut_off(outcomes: Mapping[int, KafkaError | None]) -> bool:
    return any(isinstance(error, BrokerUnavailable) for error in outcomes.values())


def _answer(batch: Batch, refused: Sequence[RefusedLine], outcomes: Mapping[int, KafkaError | None]) -> bytes:
    """The answer's JSON.

    Raises:
        BatchIncomplete, NotSent: a repeat is needed.
    """
    counted = [number for number, error in outcomes.items() if error is None]
    not_counted = {number: error for number, error in outcomes.items() if isinstance(error, (RecordRefused, NotSent))}
    unknown = [number for number, error in outcomes.items() if error is not None and number not in not_counted]
    by_kafka = [RefusedLine(number, str(error)) for number, error in not_counted.items()]
    all_refused = sorted([*refused, *by_kafka], key=lambda line: line.line)
    if not _is_cut_off(outcomes):
        return msgspec.json.encode(BatchAnswer(len(counted), all_refused))
    error = next(error for error in outcomes.values() if isinstance(error, BrokerUnavailable))
    if all(isinstance(error, NotSent) for error in outcomes.values()):
        raise error
    advice = "repeat it with its Idempotency-Key" if batch.key else "an Idempotency-Key would let it be repeated safely"
    incomplete = IncompleteBatch(len(counted), counted, unknown, all_refused)
    raise BatchIncomplete(
        f"{len(counted)} lines of the batch count, {len(unknown)} may or may not ({error}); {advice}",
        members=msgspec.to_builtins(incomplete),
    ) from error


def _keyed(event: ProductViewed, number: int, stream: UUID, traceparent: str | None) -> View:
    """A line of a keyed batch: a repeat has the same event id and number, so that consumers can tell it."""
    sequence = SequenceNumber(f"batch:{stream}", number, "rising")
    return View(uuid5(stream, str(number)), event, traceparent, sequence)
