"""Records views: straight to Kafka, acknowledged before the answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid5

import msgspec
from uuid_utils.compat import uuid7

from ordercast.contracts.envelope import SequenceNumber
from ordercast.contracts.events import ProductViewed
from ordercast.services.order_api import event_times, references
from ordercast.services.order_api.errors import EventTimeRefused, KeyInFlight, KeyReused, UnknownProduct
from ordercast.services.order_api.ndjson import LineRefused
from ordercast.services.order_api.orders.answers import RefusedLine
from ordercast.services.order_api.orders.idempotency import Claim, claim_keys, store_answer
from ordercast.services.order_api.views.lines import BatchAnswer
from ordercast.services.order_api.views.resolve_lines import NumberedLine, resolve_lines
from ordercast.services.order_api.views.send_views import SendViews, View
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.http.caller import Caller

OPERATION = "POST /views/batch"


@dataclass(frozen=True, slots=True)
class RequestedView:
    """A product that the caller looked at, `count` times; without a time, now."""

    product_id: int
    count: int = 1
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """The lines of a request, those that could be read and those that could not."""

    lines: Sequence[NumberedLine]
    refused: Sequence[RefusedLine]
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
            BrokerUnavailable, Overloaded: as SendViews.send says.
        """
        now = datetime.now(UTC)
        occurred_at = request.occurred_at or now
        if reason := event_times.refusal(occurred_at, now):
            raise EventTimeRefused(reason, fields={"occurred_at": reason})
        await self._check_product(request.product_id)
        event = ProductViewed(caller.account_id, request.product_id, request.count, occurred_at.astimezone(UTC))
        view = View(uuid7(), event, traceparent)
        await self._sender.send([view])
        return view.id

    async def record_batch(self, caller: Caller, batch: Batch) -> bytes:
        """Publishes the good lines; the answer's JSON (BatchAnswer).

        With a key, each line counts once however often the batch comes, whole or cut off in the middle.

        Raises:
            KeyReused: the key came with another body before.
            KeyInFlight: the same batch is being recorded just now.
            BrokerUnavailable, Overloaded: as SendViews.send says; repeat the batch with its key.
        """
        if batch.key is None:
            events, answer = await self._resolve(caller, batch)
            await self._sender.send([View(uuid7(), event, batch.traceparent) for _, event in events])
            return msgspec.json.encode(answer)
        in_flight = (caller.account_id, batch.key)
        if in_flight in self._keys_in_flight:
            raise KeyInFlight("a batch with this Idempotency-Key is being recorded; repeat it in a moment")
        self._keys_in_flight.add(in_flight)
        try:
            return await self._record_once(caller, batch, batch.key)
        finally:
            self._keys_in_flight.discard(in_flight)

    async def _record_once(self, caller: Caller, batch: Batch, key: str) -> bytes:
        events, planned = await self._resolve(caller, batch)
        plan = msgspec.json.encode(planned)
        claim = Claim(caller.account_id, OPERATION, key, batch.body_sha256, uuid7(), answer=None, planned_answer=plan)
        async with self._sessions() as session, session.begin():
            taken = (await claim_keys(session, [claim], datetime.now(UTC))).get(claim.claim_id)
        if isinstance(taken, KeyReused):
            raise taken
        claim_id = claim.claim_id
        if taken is not None:
            if taken.answer is not None:
                return taken.answer
            # It was cut off. What it refused stays refused: numbers only rise, so a line cannot come in afterwards.
            claim_id, plan = taken.claim_id, taken.planned_answer or plan
            refused = {line.line for line in msgspec.json.decode(plan, type=BatchAnswer).refused}
            events = [(number, event) for number, event in events if number not in refused]
        await self._sender.send([_keyed(event, number, claim_id, batch.traceparent) for number, event in events])
        async with self._sessions() as session, session.begin():
            await store_answer(session, claim_id, plan)
        return plan

    async def _resolve(self, caller: Caller, batch: Batch) -> tuple[list[tuple[int, ProductViewed]], BatchAnswer]:
        """The events of the good lines with their numbers, and the answer once they are published."""
        async with self._sessions() as session:
            resolved = await resolve_lines(session, caller, batch.lines, datetime.now(UTC))
        events = [(number, event) for number, event in resolved if isinstance(event, ProductViewed)]
        refused = [RefusedLine(number, str(reason)) for number, reason in resolved if isinstance(reason, LineRefused)]
        return events, BatchAnswer(len(events), sorted([*batch.refused, *refused], key=lambda line: line.line))

    async def _check_product(self, product_id: int) -> None:
        if product_id in self._known_products:
            return
        async with self._sessions() as session:
            self._known_products |= await references.known_products(session, [product_id])
        if product_id not in self._known_products:
            raise UnknownProduct(
                "the view names a product that does not exist", fields={"product_id": "there is no such product"}
            )


def _keyed(event: ProductViewed, number: int, claim_id: UUID, traceparent: str | None) -> View:
    """A line of a keyed batch: a repeat has the same event id and number, so that consumers can tell it."""
    sequence = SequenceNumber(f"batch:{claim_id}", number, "rising")
    return View(uuid5(claim_id, str(number)), event, traceparent, sequence)
