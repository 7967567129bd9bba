"""Confirms orders and cancels them: PENDING -> CONFIRMED, and PENDING | CONFIRMED -> CANCELLED, whole or line by line.

A line can be cancelled in several parts (returns). The order is CANCELLED with its last piece, and stays so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from ordercast.contracts.because import sentence
from ordercast.contracts.events import OrderItem as EventItem
from ordercast.services.order_api.errors import (
    CancelledTooMuch,
    KeyInFlight,
    KeyReused,
    OrderNotFound,
    OrderNotPending,
    UnknownLine,
)
from ordercast.services.order_api.money import shown
from ordercast.services.order_api.orders.answers import OrderAnswer
from ordercast.services.order_api.orders.idempotency import Claim, KeyedAnswer, claim_keys, store_answer
from ordercast.services.order_api.orders.order_events import cancelled, confirmed
from ordercast.services.order_api.orders.outbox import append_to_outbox
from ordercast.services.order_api.orders.read_orders import answers_of, visible_to
from ordercast.services.order_api.orders.tables import Order, OrderCancellation, OrderItem
from ordercast.services.shared.audit.record import record_act
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.retry import retry_conflicts
from ordercast.services.shared.http.caller import Caller

CANCEL: Final = "POST /orders/{order_id}/cancel"


@dataclass(frozen=True, slots=True)
class CancelRequest:
    """What to take back: quantities by line, or None for all that is left. `body_sha256` is the hash of what came with the key."""

    order_id: UUID
    lines: Mapping[int, int] | None = None
    key: str | None = None
    body_sha256: bytes = b""
    traceparent: str | None = None


class ChangeOrder:
    """The changes that an order can take, each with its event in the same transaction."""

    def __init__(self, sessions: Sessions, *, partitions: int) -> None:
        self._sessions = sessions
        self._partitions = partitions

    async def confirm(self, caller: Caller, order_id: UUID, traceparent: str | None = None) -> OrderAnswer:
        """The confirmed order.

        Raises:
            OrderNotFound: there is none, or it is another's.
            OrderNotPending: it was confirmed or cancelled before.
        """
        now = datetime.now(UTC)
        async with self._sessions() as session, session.begin():
            order = await _locked(session, caller, order_id, {"PENDING"})
            order.status, order.confirmed_at, order.updated_at = "CONFIRMED", now, now
            (answer,) = await answers_of(session, [order])
            if order.account_id != caller.account_id:
                record_act(session, "order-confirmed", caller, f"orders/{order.id}")
            await append_to_outbox(session, [confirmed(order.id, order.account_id, now, traceparent)], self._partitions)
        return answer

    async def cancel(self, caller: Caller, request: CancelRequest) -> KeyedAnswer:
        """The order without what was taken back, or with a key that came before, the first answer.

        Raises:
            OrderNotFound: there is none, or it is another's.
            OrderNotPending: it was cancelled before, or a customer's is confirmed.
            UnknownLine: the order has no such line.
            CancelledTooMuch: less is left of a line.
            KeyReused: the key came with another order or other lines.
        """
        return await retry_conflicts(lambda: self._cancel(caller, request))

    async def _cancel(self, caller: Caller, request: CancelRequest) -> KeyedAnswer:
        now = datetime.now(UTC)
        claim = Claim(caller.account_id, CANCEL, request.key or "", request.body_sha256, uuid7(), None)
        async with self._sessions() as session, session.begin():
            if request.key is not None and (first := await _first_answer(session, claim, now)) is not None:
                return first
            order = await _locked(session, caller, request.order_id, _cancellable_by(caller))
            items = await _items(session, order)
            taken = _to_take_back(items, request.lines)
            for item in items:
                item.cancelled_quantity += taken.get(item.line, 0)
            order.updated_at = now
            if all(item.cancelled_quantity == item.quantity for item in items):
                order.status, order.cancelled_at = "CANCELLED", now
            answer = msgspec.json.encode((await answers_of(session, [order]))[0])
            if request.key is not None:
                await store_answer(session, claim.claim_id, answer, claim.body_sha256)
            taken_back = _event_items(items, taken)
            event = cancelled(order.id, order.account_id, taken_back, order.created_at, now, request.traceparent)
            session.add_all(
                OrderCancellation(event_id=event.id, line=line, order_id=order.id, quantity=quantity, cancelled_at=now)
                for line, quantity in taken.items()
            )
            if order.account_id != caller.account_id:
                record_act(session, "order-cancelled", caller, f"orders/{order.id}", lines=len(taken))
            await session.flush()
            await append_to_outbox(session, [event], self._partitions)
        return KeyedAnswer(answer)


def _cancellable_by(caller: Caller) -> set[str]:
    return {"PENDING", "CONFIRMED"} if caller.for_all else {"PENDING"}


async def _first_answer(session: AsyncSession, claim: Claim, now: datetime) -> KeyedAnswer | None:
    """The answer that the key got before. It waits for one that is in flight with it."""
    repeat = (await claim_keys(session, [claim], now)).get(claim.claim_id)
    if isinstance(repeat, KeyReused):
        raise repeat
    if repeat is None:
        return None
    if repeat.answer is None:
        raise KeyInFlight(sentence("key-in-flight"))
    return KeyedAnswer(repeat.answer, replayed=True)


async def _locked(session: AsyncSession, caller: Caller, order_id: UUID, statuses: set[str]) -> Order:
    """The order, until the end of the transaction nobody else's; its items, too, since they change under its lock alone."""
    order = await session.scalar(visible_to(caller).where(Order.id == order_id).with_for_update())
    if order is None:
        raise OrderNotFound(sentence("no-order", order=str(order_id)))
    if order.status not in statuses:
        raise OrderNotPending(
            sentence("order-not-so", order=str(order_id), status=order.status, takes=" / ".join(sorted(statuses)))
        )
    return order


async def _items(session: AsyncSession, order: Order) -> Sequence[OrderItem]:
    rows = await session.scalars(select(OrderItem).where(OrderItem.order_id == order.id).order_by(OrderItem.line))
    return rows.all()


def _to_take_back(items: Sequence[OrderItem], lines: Mapping[int, int] | None) -> Mapping[int, int]:
    """How many pieces of each line."""
    left = {item.line: item.quantity - item.cancelled_quantity for item in items}
    if lines is None:
        return {line: quantity for line, quantity in left.items() if quantity}
    if unknown := [(n, line) for n, line in enumerate(lines) if line not in left]:
        message = sentence("no-such-line")
        raise UnknownLine(message, fields={f"items.{n}.line": message for n, _ in unknown})
    ordered = {item.line: item.quantity for item in items}
    beyond = [(n, line) for n, (line, quantity) in enumerate(lines.items()) if quantity > left[line]]
    if beyond:
        raise CancelledTooMuch(
            sentence("less-is-left"),
            fields={f"items.{n}.quantity": f"of {ordered[line]} ordered {left[line]} is left" for n, line in beyond},
        )
    return lines


def _event_items(items: Sequence[OrderItem], taken: Mapping[int, int]) -> list[EventItem]:
    return [
        EventItem(item.line, item.product_id, taken[item.line], shown(item.unit_price))
        for item in items
        if item.line in taken
    ]
