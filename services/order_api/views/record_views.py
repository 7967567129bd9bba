"""Records views: straight to Kafka, acknowledged before the answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID, uuid5

import msgspec
from uuid_utils.compat import uuid7

from ordercast.contracts.envelope import SequenceNumber
from ordercast.contracts.events import ProductViewed
from ordercast.services.order_api import event_times, references
from ordercast.services.order_api.errors import (
    BatchIncomplete,
    EventTimeRefused,
    KeyInFlight,
    KeyReused,
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
from ordercast.services.order_api.views.lines import BatchAnswer
from ordercast.services.order_api.views.resolve_lines import NumberedLine, resolve_lines
from ordercast.services.order_api.views.send_views import SendViews, View
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.http.caller import Caller
from ordercast.services.shared.kafka.errors import BrokerUnavailable, KafkaError, RecordRefused

OPERATION = "POST /views/batch"
# Lines that the text of an error names.
NAMED_LINES: Final = 20


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


class RecordViews:
    """Records single views and batches of them."""

    def __init__(self, sessions: Sessions, sender: SendViews) -> None:
        self._sessions = sessions
        self._sender = sender
        self._known_products: set[int] = set()  # products are never deleted
        self._keys_in_flight: set[tuple[int, str]] = set()

    async def record(self, caller: Caller, request: RequestedView, traceparent: str | None) -> UUID:
        """Publishes one view; its event id.

        Raises:
            UnknownProduct, EventTimeRefused: nothing was published.
            RecordRefused: Kafka does not take it.
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
            KeyInFlight: the same batch is being recorded just now.
            BatchIncomplete: Kafka went away in between; the error names the lines that count.
            BrokerUnavailable: Kafka went away before any line counted for certain.
            Overloaded: nothing was published.
        """
        if batch.key is None:
            events, refused = await self._resolve(caller, batch)
            outcomes = await self._send(
                {number: View(uuid7(), event, batch.traceparent) for number, event in events.items()}
            )
            return _answer(batch, refused, outcomes)
        in_flight = (caller.account_id, batch.key)
        if in_flight in self._keys_in_flight:
            raise KeyInFlight("a batch with this Idempotency-Key is being recorded; repeat it in a moment")
        self._keys_in_flight.add(in_flight)
        try:
            return await self._record_once(caller, batch, batch.key)
        finally:
            self._keys_in_flight.discard(in_flight)

    async def _record_once(self, caller: Caller, batch: Batch, key: str) -> bytes:
        events, refused = await self._resolve(caller, batch)
        digests = {number: batch.digests[number] for number in events}
        claim_id, progress = uuid7(), BatchProgress()
        progress.add(digests, claim_id)
        claim = Claim(
            caller.account_id, OPERATION, key, batch.body_sha256, claim_id, answer=None, progress=progress.encoded()
        )
        async with self._sessions() as session, session.begin():
            before = (await claim_keys(session, [claim], datetime.now(UTC))).get(claim_id)
            if isinstance(before, KeyReused):
                raise before
            if before is not None:
                if before.answer is not None:
                    return before.answer
                claim_id, progress = before.claim_id, decoded(before.progress) if before.progress else BatchProgress()
                if contradicted := progress.contradicted(digests):
                    raise KeyReused(_must_stay(contradicted))
                progress.add(digests, uuid7() if progress.streams else claim_id)
                await store_progress(session, claim_id, progress.encoded())
        outcomes = dict.fromkeys(events) | await self._send(
            {
                number: _keyed(event, number, progress.streams[progress.lines[number].stream], batch.traceparent)
                for number, event in events.items()
                if not progress.lines[number].counts
            }
        )
        return await self._finish(claim_id, batch, refused, outcomes)

    async def _finish(
        self, claim_id: UUID, batch: Batch, refused: Sequence[RefusedLine], outcomes: Mapping[int, KafkaError | None]
    ) -> bytes:
        """Keeps what became of the lines. Another process may work on the same key: what it has kept since then stays."""
        async with self._sessions() as session, session.begin():
            claim = await locked_claim(session, claim_id)
            if claim is not None and claim.progress is not None:
                if _unknown(outcomes):
                    progress = decoded(claim.progress)
                    for number, error in outcomes.items():
                        if error is None and number in progress.lines:
                            progress.lines[number].counts = True
                        elif isinstance(error, RecordRefused):
                            progress.lines.pop(number, None)
                    await store_progress(session, claim_id, progress.encoded())
                else:
                    await store_answer(session, claim_id, _answer(batch, refused, outcomes), batch.body_sha256)
        return _answer(batch, refused, outcomes)

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


def _unknown(outcomes: Mapping[int, KafkaError | None]) -> list[int]:
    """The lines that may count or not."""
    return [number for number, error in outcomes.items() if isinstance(error, BrokerUnavailable)]


def _answer(batch: Batch, refused: Sequence[RefusedLine], outcomes: Mapping[int, KafkaError | None]) -> bytes:
    """The answer's JSON.

    Raises:
        BatchIncomplete, BrokerUnavailable: some lines may count or not.
    """
    counted = [number for number, error in outcomes.items() if error is None]
    by_kafka = [
        RefusedLine(number, str(error)) for number, error in outcomes.items() if isinstance(error, RecordRefused)
    ]
    all_refused = sorted([*refused, *by_kafka], key=lambda line: line.line)
    if not (unknown := _unknown(outcomes)):
        return msgspec.json.encode(BatchAnswer(len(counted), all_refused))
    error = next(error for error in outcomes.values() if isinstance(error, BrokerUnavailable))
    if not counted:
        raise error
    advice = "repeat it with its Idempotency-Key" if batch.key else "an Idempotency-Key would let it be repeated safely"
    raise BatchIncomplete(
        f"{len(counted)} lines of the batch count, {len(unknown)} may or may not ({error}); {advice}",
        members={
            "accepted": len(counted),
            "counted": counted,
            "unknown": unknown,
            "refused": msgspec.to_builtins(all_refused),
        },
    ) from error


def _keyed(event: ProductViewed, number: int, stream: UUID, traceparent: str | None) -> View:
    """A line of a keyed batch: a repeat has the same event id and number, so that consumers can tell it."""
    sequence = SequenceNumber(f"batch:{stream}", number, "rising")
    return View(uuid5(stream, str(number)), event, traceparent, sequence)
