"""Every order and every change of one, in the order of the commits: what a poller reads with `updated_after`.

An event of an order has a number, dense within its shard and given under a lock that is held until the commit: who sees number n
sees all before it. The table `order_changes` keeps them, beyond the outbox, and a cursor is the last number that was seen of
each shard: nothing that commits later comes before it. Times and ids cannot say so: both are made before the commit.
"""

import base64
from collections.abc import Sequence
from itertools import takewhile
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta
from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.contracts.limits import MAX_BIGINT
from ordercast.services.order_api.errors import InvalidCursor, NotAllowed
from ordercast.services.order_api.orders.answers import OrderPage
from ordercast.services.order_api.orders.read_orders import OrderList, answers_of, held_by_page
from ordercast.services.order_api.orders.tables import Order
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.http.caller import Caller

# The cursor of who has seen nothing.
START: Final = "start"
# Where the orders stand that were there before changes were kept, by their time.
BEFORE: Final = -1

_Shard = Annotated[int, Meta(ge=BEFORE, le=MAX_BIGINT)]
_Number = Annotated[int, Meta(ge=1, le=MAX_BIGINT)]
_decoder = msgspec.msgpack.Decoder(dict[_Shard, _Number])

# The next ones of each shard, and of the shards in turn: a busy one does not keep the others back. A shard without any has one
# row with its last number alone.
_NEXT: Final = text("""
    SELECT shards.shard, shards.last_number, coalesce(seen.number, 0) AS seen, c.number, c.order_id
    FROM (
        SELECT shard, last_number FROM outbox_shards
        UNION ALL SELECT :before, coalesce(max(number), 0) FROM order_changes WHERE shard = :before
    ) AS shards
    LEFT JOIN unnest(CAST(:shards AS bigint[]), CAST(:numbers AS bigint[])) AS seen (shard, number) USING (shard)
    LEFT JOIN LATERAL (
        SELECT number, order_id FROM order_changes
        WHERE order_changes.shard = shards.shard AND number > coalesce(seen.number, 0)
        ORDER BY number LIMIT :rows
    ) AS c ON true
    ORDER BY c.number - coalesce(seen.number, 0), shards.shard
""")


async def read_changes(sessions: Sessions, caller: Caller, updated_after: str, asked: OrderList) -> OrderPage:
    """The orders of at most `limit` changes after the cursor, each once and as it is now, and the cursor to go on with.

    Raises:
        NotAllowed: the caller sees its own orders only.
        InvalidCursor: it is none of ours, lies ahead of this database, or comes with anything but `limit`.
    """
    limit = asked.limit
    if not caller.for_all:
        raise NotAllowed(
            "a customer may not follow the changes of all orders", fields={"updated_after": "not for customers"}
        )
    if asked != OrderList(limit=limit):
        raise _invalid("gives all changes: it takes `limit` beside it and nothing else")
    seen = _seen(updated_after)
    parameters = {"shards": list(seen), "numbers": list(seen.values()), "before": BEFORE, "rows": limit + 1}
    async with sessions() as session:
        rows = (await session.execute(_NEXT, parameters)).all()
        _check(seen, rows)
        changes = [row for row in rows if row.number is not None]
        told = await _held_by_page(session, changes[:limit])
        for change in told:
            seen[change.shard] = change.number
        # Of an order that changed twice, the later place: the answer tells of both changes.
        ids = list(dict.fromkeys(change.order_id for change in reversed(told)))[::-1]
        orders = {order.id: order for order in await session.scalars(select(Order).where(Order.id.in_(ids)))}
        data = await answers_of(session, [orders[order_id] for order_id in ids])
    return OrderPage(data, has_more=len(changes) > len(told), next_cursor=_cursor(seen))


async def _held_by_page(session: AsyncSession, changes: Sequence[Row[Any]]) -> Sequence[Row[Any]]:
    """The changes up to the first order that the page has no room for."""
    ids = list(dict.fromkeys(change.order_id for change in changes))
    beyond = set(ids[await held_by_page(session, ids) :])
    return list(takewhile(lambda change: change.order_id not in beyond, changes))


def _check(seen: dict[int, int], rows: Sequence[Row[Any]]) -> None:
    """A number that was never given comes from another database, or from this one before it was restored from a copy."""
    last_numbers = {row.shard: row.last_number for row in rows}
    if any(number > last_numbers.get(shard, 0) for shard, number in seen.items()):
        raise _invalid(f"lies ahead of this database, which may have been restored from a copy; begin with {START!r}")


def _seen(cursor: str) -> dict[int, int]:
    if cursor == START:
        return {}
    try:
        return _decoder.decode(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (msgspec.MsgspecError, ValueError) as error:
        raise _invalid(f"is neither {START!r} nor a next_cursor") from error


def _cursor(seen: dict[int, int]) -> str:
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(seen)).decode().rstrip("=") if seen else START


def _invalid(message: str) -> InvalidCursor:
    return InvalidCursor(f"updated_after {message}", fields={"updated_after": message})
