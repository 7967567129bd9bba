"""Records views: straight to Kafka, acknowledged before the answer."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple

import msgspec
from uuid_utils.compat import uuid7

from ordercast.contracts import event_times
from ordercast.contracts.because import sentence
from ordercast.services.order_api import references
from ordercast.services.order_api.errors import (
    BatchIncomplete,
    EventTimeRefused,
    TooManyInOneView,
    UnknownProduct,
)
from ordercast.services.order_api.ndjson import LineRefused
from ordercast.services.order_api.orders.idempotency import KeyedAnswer
from ordercast.services.order_api.refused_lines import RefusedLine
from ordercast.services.order_api.views.batch_progress import digest_of
from ordercast.services.order_api.views.limit_views import ViewLimits
from ordercast.services.order_api.views.lines import (
    EVENT_OF,
    BatchAnswer,
    IncompleteBatch,
    ViewAnswer,
    ViewEvent,
    ViewKind,
)
from ordercast.services.order_api.views.resolve_lines import CreateMissing, NumberedLine, ResolvedLine, resolve_lines
from ordercast.services.order_api.views.send_once import KeyedRequest, Outcomes, SendOnce, Views
from ordercast.services.order_api.views.send_views import SendViews, View
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.retry import retry_conflicts
from ordercast.services.shared.http.caller import Caller
from ordercast.services.shared.kafka.errors import BrokerUnavailable, KafkaError, NotSent, RecordRefused

VIEW_OPERATION: Final = "POST /views"
BATCH_OPERATION: Final = "POST /views/batch"
# Views that a customer's single request may count: somebody looks at a product again and again, but no more. A model is trained on
# these, and one of a billion would make all others look alike to it.
MAX_CUSTOMERS_COUNT: Final = 100


class Key(NamedTuple):
    """An Idempotency-Key and the body that came with it."""

    value: str
    body: bytes


@dataclass(frozen=True, slots=True)
class RequestedView:
    """A product that the caller looked at, or put into the cart, `count` times; without a time, now."""

    product_id: int
    count: int = 1
    occurred_at: datetime | None = None
    kind: ViewKind = "view"


@dataclass(frozen=True, slots=True)
class Batch:
    """The lines of a request, those that could be read (with their digests by number) and those that could not."""

    lines: Sequence[NumberedLine]
    refused: Sequence[RefusedLine]
    digests: Mapping[int, bytes]
    body_sha256: bytes
    key: str | None
    traceparent: str | None
    create: CreateMissing | None = None


class RecordViews:
    """Records single views and batches of them."""

    def __init__(self, sessions: Sessions, sender: SendViews, limits: ViewLimits) -> None:
        self._sessions = sessions
        self._sender = sender
        self._limits = limits
        self._send_once = SendOnce(sessions)
        self._known_products: set[int] = set()  # products are never deleted

    async def record(
        self, caller: Caller, request: RequestedView, traceparent: str | None, key: Key | None = None
    ) -> KeyedAnswer:
        """Publishes one view; the answer's JSON (ViewAnswer). With a key it counts once, however often it comes.

        Raises:
            UnknownProduct, EventTimeRefused, TooManyInOneView, TooManyViews: nothing was published.
            RecordRefused: Kafka does not take it.
            KeyReused, KeyInFlight: the key belongs to another request, or to one that is being worked on.
            NotSent, Overloaded: nothing was published.
            BrokerUnavailable: it may have been published.
        """
        event = await self._viewed(caller, request)

        async def send(views: Views) -> dict[int, KafkaError | None]:
            if not caller.for_all:
                self._limits.single.charge(caller.account_id, request.count)
            return await self._send(views)

        if key is None:
            views: Views = {1: View(uuid7(), event, traceparent)}
            return KeyedAnswer(_view_answer(views, await send(views)))
        tried = await self._send_once(
            KeyedRequest(
                caller.account_id,
                VIEW_OPERATION,
                key.value,
                hashlib.sha256(key.body).digest(),
                {1: digest_of(key.body)},
                traceparent,
            ),
            {1: event},
            send,
            lambda views, outcomes: _view_answer(views, outcomes) if outcomes[1] is None else None,
        )
        if tried.answer is None:
            raise tried.outcomes[1] or NotSent("the view does not count yet")
        return KeyedAnswer(tried.answer, tried.replayed)

    async def record_batch(self, caller: Caller, batch: Batch) -> KeyedAnswer:
        """Publishes the good lines; the answer's JSON (BatchAnswer). What they name is created before, if the batch says so.

        With a key, each line counts once however often the batch comes, whole or cut off in the middle.

        Raises:
            KeyReused: the key came with another body before, that has its whole answer or whose lines that count were changed.
            KeyInFlight: a batch with this key is being recorded just now, here or in another process.
            BatchIncomplete: Kafka went away in between; the error names the lines that count, or may.
            NotSent: no line of this try was published.
            Overloaded, TooManyLines: nothing was published.
        """
        if not caller.for_all:
            self._limits.lines.charge(caller.account_id, max(1, len(batch.lines) + len(batch.refused)))
        events, refused = await self._resolve(caller, batch)
        if batch.key is None:
            outcomes: Outcomes = await self._send(
                {number: View(uuid7(), event, batch.traceparent) for number, event in events.items()}
            )
            if _is_cut_off(outcomes):
                raise _incomplete(batch, refused, outcomes)
            return KeyedAnswer(_batch_answer(refused, outcomes))
        tried = await self._send_once(
            KeyedRequest(
                caller.account_id, BATCH_OPERATION, batch.key, batch.body_sha256, batch.digests, batch.traceparent
            ),
            events,
            self._send,
            lambda _, outcomes: None if _is_cut_off(outcomes) else _batch_answer(refused, outcomes),
        )
        if tried.answer is None:
            raise _incomplete(batch, refused, tried.outcomes)
        return KeyedAnswer(tried.answer, tried.replayed)

    async def _viewed(self, caller: Caller, request: RequestedView) -> ViewEvent:
        now = datetime.now(UTC)
        occurred_at = request.occurred_at or now
        if reason := event_times.refusal(occurred_at, now):
            raise EventTimeRefused(reason, fields={"occurred_at": reason})
        if request.count > MAX_CUSTOMERS_COUNT and not caller.for_all:
            most = (
                f"a customer's view counts {MAX_CUSTOMERS_COUNT} at most; others', or a line of a batch, may count more"
            )
            raise TooManyInOneView(most, fields={"count": most})
        await self._check_product(request.product_id)
        return EVENT_OF[request.kind](caller.account_id, request.product_id, request.count, occurred_at.astimezone(UTC))

    async def _send(self, views: Mapping[int, View]) -> dict[int, KafkaError | None]:
        """What became of each line: None if it counts."""
        return dict(zip(views, await self._sender.send(list(views.values())), strict=True))

    async def _resolve(self, caller: Caller, batch: Batch) -> tuple[dict[int, ViewEvent], list[RefusedLine]]:
        """The events of the good lines by number, and the lines that are refused."""
        resolved = await retry_conflicts(lambda: self._look_up(caller, batch))
        events = {number: event for number, event in resolved if not isinstance(event, LineRefused)}
        refused = [RefusedLine.of(number, reason) for number, reason in resolved if isinstance(reason, LineRefused)]
        return events, [*batch.refused, *refused]

    async def _look_up(self, caller: Caller, batch: Batch) -> list[ResolvedLine]:
        async with self._sessions() as session, session.begin():
            return await resolve_lines(session, caller, batch.lines, datetime.now(UTC), batch.create)

    async def _check_product(self, product_id: int) -> None:
        if product_id in self._known_products:
            return
        async with self._sessions() as session:
            self._known_products |= await references.known_products(session, [product_id])
        if product_id not in self._known_products:
            raise UnknownProduct(sentence("view-of-no-product"), fields={"product_id": "there is no such product"})


def _is_cut_off(outcomes: Mapping[int, KafkaError | None]) -> bool:
    return any(isinstance(error, BrokerUnavailable) for error in outcomes.values())


def _view_answer(views: Views, outcomes: Outcomes) -> bytes:
    """
    Raises:
        KafkaError: the view does not count.
    """
    if (error := outcomes[1]) is not None:
        raise error
    return msgspec.json.encode(ViewAnswer(views[1].id))


def _batch_answer(refused: Sequence[RefusedLine], outcomes: Outcomes) -> bytes:
    counted = sum(error is None for error in outcomes.values())
    return msgspec.json.encode(BatchAnswer(counted, _all_refused(refused, outcomes)))


def _all_refused(refused: Sequence[RefusedLine], outcomes: Outcomes) -> list[RefusedLine]:
    by_kafka = [
        RefusedLine.of(number, error)
        for number, error in outcomes.items()
        if isinstance(error, (RecordRefused, NotSent))
    ]
    return sorted([*refused, *by_kafka], key=lambda line: line.line)


def _incomplete(batch: Batch, refused: Sequence[RefusedLine], outcomes: Outcomes) -> BatchIncomplete | NotSent:
    """Why a batch that was cut off has to be repeated."""
    error = next(error for error in outcomes.values() if isinstance(error, BrokerUnavailable))
    if isinstance(error, NotSent) and all(isinstance(error, NotSent) for error in outcomes.values()):
        return error
    counted = [number for number, error in outcomes.items() if error is None]
    all_refused = _all_refused(refused, outcomes)
    unknown = sorted(outcomes.keys() - set(counted) - {line.line for line in all_refused})
    advice = "repeat it with its Idempotency-Key" if batch.key else "an Idempotency-Key would let it be repeated safely"
    incomplete = IncompleteBatch(len(counted), counted, unknown, all_refused)
    return BatchIncomplete(
        f"{len(counted)} lines of the batch count, {len(unknown)} may or may not ({error}); {advice}",
        members=msgspec.to_builtins(incomplete),
    )
