"""Records views: straight to Kafka, acknowledged before the answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid5

import msgspec
from uuid_utils.compat import uuid7

from services.order_api import event_times, references
from services.order_api.errors import EventTimeRefused, KeyInFlight, KeyReused, UnknownProduct
from services.order_api.ndjson import LineRefused
from services.order_api.orders.idempotency import Claim, claim_keys, store_answer
from services.order_api.orders.schemas import RefusedLine
from services.order_api.views.resolve_lines import NumberedLine, resolve_lines
from services.order_api.views.schemas import BatchAnswer, ViewRequest
from services.order_api.views.send_views import SendViews, View
from services.shared.contracts.envelope import SequenceNumber
from services.shared.contracts.events import ProductViewed
from services.shared.db.engine import Sessions
from services.shared.http.tokens import Caller

OPERATION = "POST /views/batch"


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

    async def record(self, caller: Caller, request: ViewRequest, traceparent: str | None) -> UUID:
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
            return msgspec.json.encode(await self._record_lines(caller, batch, claim_id=None))
        in_flight = (caller.account_id, batch.key)
        if in_flight in self._keys_in_flight:
            raise KeyInFlight("a batch with this Idempotency-Key is being recorded; repeat it in a moment")
        self._keys_in_flight.add(in_flight)
        try:
            return await self._record_once(caller, batch, batch.key)
        finally:
            self._keys_in_flight.discard(in_flight)

    async def _record_once(self, caller: Caller, batch: Batch, key: str) -> bytes:
        claim = Claim(caller.account_id, OPERATION, key, batch.body_sha256, uuid7(), answer=None)
        async with self._sessions() as session, session.begin():
            taken = (await claim_keys(session, [claim], datetime.now(UTC))).get(claim.claim_id)
        if isinstance(taken, KeyReused):
            raise taken
        if taken is not None and taken.answer is not None:
            return taken.answer
        claim_id = claim.claim_id if taken is None else taken.claim_id
        answer = msgspec.json.encode(await self._record_lines(caller, batch, claim_id))
        async with self._sessions() as session, session.begin():
            await store_answer(session, claim_id, answer)
        return answer

    async def _record_lines(self, caller: Caller, batch: Batch, claim_id: UUID | None) -> BatchAnswer:
        async with self._sessions() as session:
            resolved = await resolve_lines(session, caller, batch.lines, datetime.now(UTC))
        views, refused = [], list(batch.refused)
        for number, event in resolved:
            if isinstance(event, LineRefused):
                refused.append(RefusedLine(number, str(event)))
            else:
                views.append(_view(event, number, claim_id, batch.traceparent))
        await self._sender.send(views)
        return BatchAnswer(len(views), sorted(refused, key=lambda line: line.line))

    async def _check_product(self, product_id: int) -> None:
        if product_id in self._known_products:
            return
        async with self._sessions() as session:
            self._known_products |= await references.known_products(session, [product_id])
        if product_id not in self._known_products:
            raise UnknownProduct(
                "the view names a product that does not exist", fields={"product_id": "there is no such product"}
            )


def _view(event: ProductViewed, number: int, claim_id: UUID | None, traceparent: str | None) -> View:
    if claim_id is None:
        return View(uuid7(), event, traceparent)
    sequence = SequenceNumber(f"batch:{claim_id}", number, "rising")
    return View(uuid5(claim_id, str(number)), event, traceparent, sequence)
