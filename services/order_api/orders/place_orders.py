"""Places the orders of one group commit: keys, orders, items and outbox rows in one transaction."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, NamedTuple
from uuid import UUID

import msgspec
from opentelemetry.trace import SpanKind
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from ordercast.contracts.because import sentence
from ordercast.contracts.events import OrderItem
from ordercast.services.order_api.errors import (
    InactiveProduct,
    KeyInFlight,
    KeyReused,
    MixedCurrencies,
    OrderApiError,
    UnknownAccount,
    UnknownProduct,
)
from ordercast.services.order_api.money import shown
from ordercast.services.order_api.orders.answers import answer_of_new
from ordercast.services.order_api.orders.idempotency import Claim, KeyedAnswer, Repeat, claim_keys, repeats_of
from ordercast.services.order_api.orders.order_events import recorded
from ordercast.services.order_api.orders.outbox import append_to_outbox
from ordercast.services.order_api.orders.write_orders import OrderRow, write_orders
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.retry import retry_conflicts
from ordercast.services.shared.telemetry.metrics import ORDERS_ACCEPTED, ORDERS_PER_COMMIT
from ordercast.services.shared.telemetry.tracing import Operation, spans

OPERATION = "POST /orders"
# One way to the database in place of two, on the path with the most traffic.
_PRICES_AND_REFS: Final = text("""
    SELECT id, sku, price, currency, active FROM products WHERE id = ANY (CAST(:products AS bigint[]))
    UNION ALL
    SELECT id, account_ref, NULL, NULL, NULL FROM accounts
    WHERE id = ANY (CAST(:accounts AS bigint[])) AND account_ref IS NOT NULL
""")
_IN_POSTGRESQL: Final = {"db.system.name": "postgresql", "db.operation.name": "COMMIT"}


class Line(NamedTuple):
    product_id: int
    quantity: int


class Price(NamedTuple):
    sku: str
    amount: Decimal
    currency: str
    active: bool


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """One order to place. `key` is the Idempotency-Key, `body_sha256` the hash of the body that came with it."""

    account_id: int
    lines: Sequence[Line]
    key: str | None = None
    body_sha256: bytes = b""
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order that is ready to be written, with the body of its answer."""

    request: OrderRequest
    row: OrderRow
    answer: bytes
    traceparent: str | None

    @property
    def claim_id(self) -> UUID:
        """The order's id also names its claim: both are new with each request."""
        return self.row.id

    @property
    def claim(self) -> Claim:
        return _claim(self.request, self.claim_id, self.answer)


@dataclass(frozen=True, slots=True)
class RefusedOrder:
    """An order that cannot be placed now. A repeat of one that was placed gets the first answer all the same."""

    request: OrderRequest
    reason: OrderApiError
    claim_id: UUID = field(default_factory=uuid7)

    @property
    def claim(self) -> Claim:
        return _claim(self.request, self.claim_id, None)


class PlaceOrders:
    """Places orders; `__call__` is what GroupCommit commits with."""

    def __init__(self, sessions: Sessions, *, partitions: int) -> None:
        self._sessions = sessions
        self._partitions = partitions

    async def __call__(self, requests: Sequence[OrderRequest]) -> list[KeyedAnswer | Exception]:
        """For each request the answer or why it was refused, in their order; all after the commit."""
        placing = Operation("place order", SpanKind.CLIENT, {**_IN_POSTGRESQL, "ordercast.batch.orders": len(requests)})
        try:
            with spans((placing, [request.traceparent for request in requests])) as [traceparents]:
                return await retry_conflicts(lambda: self._place(requests, traceparents))
        except IntegrityError:
            # One request breaks a constraint (an account that is gone): it must not take the others along.
            if len(requests) == 1:
                return [UnknownAccount("the account of this token does not exist")]
            return list(itertools.chain.from_iterable([await self([request]) for request in requests]))

    async def _place(
        self, requests: Sequence[OrderRequest], traceparents: Sequence[str | None]
    ) -> list[KeyedAnswer | Exception]:
        now = datetime.now(UTC)
        async with self._sessions() as session, session.begin():
            prices, refs = await _prices_and_refs(session, requests)
            checked = _one_for_each_key(
                [
                    _prepare(request, prices, refs.get(request.account_id), now, trace)
                    for request, trace in zip(requests, traceparents, strict=True)
                ]
            )
            orders = [order for order in checked if isinstance(order, NewOrder)]
            refused = [order for order in checked if isinstance(order, RefusedOrder)]
            repeats = await claim_keys(session, [order.claim for order in orders if order.request.key is not None], now)
            repeats |= await repeats_of(
                session, [order.claim for order in refused if order.request.key is not None], now
            )
            new = [order for order in orders if order.row.id not in repeats]
            await write_orders(session, [order.row for order in new])
            await append_to_outbox(session, [recorded(order.row, order.traceparent) for order in new], self._partitions)
        if new:
            ORDERS_ACCEPTED.inc(len(new))
            ORDERS_PER_COMMIT.observe(len(new))
        return [_answer(order, repeats) for order in checked]


async def _prices_and_refs(
    session: AsyncSession, requests: Sequence[OrderRequest]
) -> tuple[dict[int, Price], dict[int, str]]:
    """The products by id, and the shop's own references of those accounts that have one."""
    products = {line.product_id for request in requests for line in request.lines}
    accounts = {request.account_id for request in requests}
    rows = await session.execute(_PRICES_AND_REFS, {"products": list(products), "accounts": list(accounts)})
    prices: dict[int, Price] = {}
    refs: dict[int, str] = {}
    for id_, name, price, currency, active in rows:
        if price is None:
            refs[id_] = name
        else:
            prices[id_] = Price(name, price, currency, active)
    return prices, refs


def _prepare(
    request: OrderRequest,
    prices: Mapping[int, Price],
    account_ref: str | None,
    now: datetime,
    traceparent: str | None,
) -> NewOrder | RefusedOrder:
    if reason := _refusal(request, prices):
        return RefusedOrder(request, reason)
    items = [
        OrderItem(number, line.product_id, line.quantity, shown(prices[line.product_id].amount))
        for number, line in enumerate(request.lines, start=1)
    ]
    currency = prices[request.lines[0].product_id].currency
    row = OrderRow(uuid7(), request.account_id, "PENDING", currency, items, created_at=now)
    answer = answer_of_new(row, account_ref, {line.product_id: prices[line.product_id].sku for line in request.lines})
    return NewOrder(request, row, msgspec.json.encode(answer), traceparent)


def _refusal(request: OrderRequest, prices: Mapping[int, Price]) -> OrderApiError | None:
    unknown = [position for position, line in enumerate(request.lines) if line.product_id not in prices]
    if unknown:
        return UnknownProduct(
            sentence("item-of-no-product"),
            fields={f"items.{position}.product_id": "there is no such product" for position in unknown},
        )
    inactive = [position for position, line in enumerate(request.lines) if not prices[line.product_id].active]
    if inactive:
        return InactiveProduct(
            sentence("item-not-sold"),
            fields={f"items.{position}.product_id": "the product is not active" for position in inactive},
        )
    currencies = {prices[line.product_id].currency for line in request.lines}
    if len(currencies) > 1:
        return MixedCurrencies(sentence("items-of-several-currencies", currencies=", ".join(sorted(currencies))))
    return None


def _one_for_each_key(orders: Sequence[NewOrder | RefusedOrder]) -> list[NewOrder | RefusedOrder | KeyInFlight]:
    """Within one batch the first request with a key goes on; the others hear that it is in flight."""
    seen: set[tuple[int, str]] = set()
    checked: list[NewOrder | RefusedOrder | KeyInFlight] = []
    for order in orders:
        if isinstance(order, NewOrder) and order.request.key is not None:
            key = order.request.account_id, order.request.key
            checked.append(KeyInFlight("a request with this Idempotency-Key is in flight") if key in seen else order)
            seen.add(key)
        else:
            checked.append(order)
    return checked


def _claim(request: OrderRequest, claim_id: UUID, answer: bytes | None) -> Claim:
    return Claim(request.account_id, OPERATION, request.key or "", request.body_sha256, claim_id, answer)


def _answer(
    order: NewOrder | RefusedOrder | KeyInFlight, repeats: Mapping[UUID, Repeat | KeyReused]
) -> KeyedAnswer | Exception:
    if isinstance(order, KeyInFlight):
        return order
    repeat = repeats.get(order.claim_id)
    if isinstance(repeat, KeyReused):
        return repeat
    if repeat is not None and repeat.answer is not None:
        return KeyedAnswer(repeat.answer, replayed=True)
    return KeyedAnswer(order.answer) if isinstance(order, NewOrder) else order.reason
