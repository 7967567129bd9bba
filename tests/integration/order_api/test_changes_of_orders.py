"""What a poller of `updated_after` hears: every order and every change, whatever commits at the same time."""

import asyncio
import random
from collections.abc import Sequence
from uuid import UUID, uuid4

import msgspec
import pytest
from sqlalchemy import text

import ordercast.services.order_api.orders.read_orders as read_orders_module
from ordercast.services.order_api.errors import InvalidCursor, NotAllowed, OrderNotPending
from ordercast.services.order_api.orders.answers import OrderAnswer
from ordercast.services.order_api.orders.change_order import CancelRequest, ChangeOrder
from ordercast.services.order_api.orders.idempotency import KeyedAnswer
from ordercast.services.order_api.orders.place_orders import Line, OrderRequest, PlaceOrders
from ordercast.services.order_api.orders.read_changes import START, read_changes
from ordercast.services.order_api.orders.read_orders import OrderFilter, OrderList, read_order
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.http.caller import Caller
from tests.support.lock_waits import until_somebody_waits_for_a_lock
from tests.support.seeds import seed_accounts, seed_products

ADMIN = Caller(10**6, "ADMIN", for_all=True)
PARTITIONS = 4


class Poller:
    """Asks for what is new, as a shop's program does, and keeps what it heard last of each order."""

    def __init__(self, sessions: Sessions, *, limit: int = 7) -> None:
        self._sessions = sessions
        self._limit = limit
        self._cursor = START
        self.known: dict[UUID, OrderAnswer] = {}
        self.heard: list[tuple[UUID, str]] = []

    async def poll(self) -> Sequence[UUID]:
        """The orders of all pages that are there now."""
        before = len(self.heard)
        while True:
            page = await read_changes(self._sessions, ADMIN, self._cursor, OrderList(limit=self._limit))
            assert page.next_cursor is not None
            self._cursor = page.next_cursor
            self.known |= {order.id: order for order in page.data}
            self.heard += [(order.id, order.status) for order in page.data]
            if not page.has_more:
                return [order_id for order_id, _ in self.heard[before:]]


async def place(sessions: Sessions, requests: Sequence[OrderRequest]) -> list[UUID]:
    results = await PlaceOrders(sessions, partitions=PARTITIONS)(requests)
    return [UUID(msgspec.json.decode(result.body)["id"]) for result in results if isinstance(result, KeyedAnswer)]


async def test_an_order_whose_commit_comes_late_is_heard_of_after_those_that_overtook_it(sessions: Sessions) -> None:
    """Its id and its times are older than those of the order that the poller has seen."""
    late, early = sorted(await seed_accounts(sessions, 2), key=lambda account: account % PARTITIONS)
    (product,) = await seed_products(sessions, ["1"])
    await place(sessions, [OrderRequest(late, [Line(product, 1)])])
    poller = Poller(sessions)
    await poller.poll()
    async with sessions() as holding:
        lock = "SELECT * FROM outbox_shards WHERE shard = :shard FOR UPDATE"
        await holding.execute(text(lock), {"shard": late % PARTITIONS})
        waiting = asyncio.create_task(place(sessions, [OrderRequest(late, [Line(product, 1)])]))
        await until_somebody_waits_for_a_lock(sessions)
        overtaking = await place(sessions, [OrderRequest(early, [Line(product, 1)])])
        assert await poller.poll() == overtaking
    overtaken = await waiting
    assert overtaken < overtaking
    assert await poller.poll() == overtaken
    assert await poller.poll() == []


async def test_a_poller_beside_writers_hears_of_every_order_and_every_change(sessions: Sessions) -> None:
    accounts = await seed_accounts(sessions, 12)
    (product,) = await seed_products(sessions, ["1"])
    placed: list[UUID] = []
    changes: list[tuple[UUID, str]] = []
    writing = asyncio.Event()

    async def shop(seed: int) -> None:
        draw, change = random.Random(seed), ChangeOrder(sessions, partitions=PARTITIONS)
        for _ in range(15):
            chosen = draw.sample(accounts, draw.randint(1, 5))
            placed.extend(await place(sessions, [OrderRequest(account, [Line(product, 1)]) for account in chosen]))
            order = draw.choice(placed)
            try:
                if draw.random() < 0.5:
                    await change.confirm(ADMIN, order)
                    changes.append((order, "CONFIRMED"))
                else:
                    await change.cancel(ADMIN, CancelRequest(order))
                    changes.append((order, "CANCELLED"))
            except OrderNotPending:
                continue

    async def poll() -> Poller:
        poller = Poller(sessions)
        while not writing.is_set():
            await poller.poll()
        await poller.poll()
        return poller

    polling = asyncio.create_task(poll())
    await asyncio.gather(*(shop(seed) for seed in range(4)))
    writing.set()
    poller = await polling
    assert set(poller.known) == set(placed)
    last = dict(changes)  # an order may be cancelled before the poller has heard that it was confirmed
    assert set(last.items()) <= set(poller.heard)
    assert len(changes) > 20
    for order_id, known in poller.known.items():
        assert known == await read_order(sessions, ADMIN, order_id)


async def test_a_busy_shard_does_not_keep_the_others_back(sessions: Sessions) -> None:
    busy, quiet = (await seed_accounts(sessions, 2))[:2]
    (product,) = await seed_products(sessions, ["1"])
    await place(sessions, [OrderRequest(busy, [Line(product, 1)])] * 20)
    (order,) = await place(sessions, [OrderRequest(quiet, [Line(product, 1)])])
    page = await read_changes(sessions, ADMIN, START, OrderList(limit=2))
    assert (order in [found.id for found in page.data], page.has_more) == (True, True)


async def test_a_page_of_changes_ends_before_its_lines_are_too_many_and_none_is_left_out(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_orders_module, "MAX_PAGE_ITEMS", 4)
    accounts = await seed_accounts(sessions, 3)
    products = await seed_products(sessions, ["1"] * 6)
    lines = [random.Random(seed).randint(1, 6) for seed in range(20)]
    placed = await place(
        sessions,
        [
            OrderRequest(accounts[number % 3], [Line(product, 1) for product in products[:count]])
            for number, count in enumerate(lines)
        ],
    )
    change_order = ChangeOrder(sessions, partitions=PARTITIONS)
    for order_id in placed[::4]:  # heard of once, at the later place
        await change_order.confirm(ADMIN, order_id, None)
    pages, cursor, has_more = [], START, True
    while has_more:
        page = await read_changes(sessions, ADMIN, cursor, OrderList(limit=7))
        assert page.next_cursor is not None
        assert page.next_cursor != cursor
        pages.append(page.data)
        cursor, has_more = page.next_cursor, page.has_more
    assert all(sum(len(order.items) for order in page) <= 4 or len(page) == 1 for page in pages)
    assert len(pages) > 20 // 7 + 1
    assert {order.id for page in pages for order in page} == set(placed)
    last_heard = {order.id: order.status for page in pages for order in page}
    assert {order_id for order_id, status in last_heard.items() if status == "CONFIRMED"} == set(placed[::4])


async def test_an_order_that_changed_is_in_a_page_once_as_it_is_now(sessions: Sessions) -> None:
    (account,) = await seed_accounts(sessions, 1)
    (product,) = await seed_products(sessions, ["1"])
    first, second = await place(sessions, [OrderRequest(account, [Line(product, 1)])] * 2)
    await ChangeOrder(sessions, partitions=PARTITIONS).confirm(ADMIN, first)
    page = await read_changes(sessions, ADMIN, START, OrderList(limit=10))
    assert [(order.id, order.status) for order in page.data] == [(second, "PENDING"), (first, "CONFIRMED")]


async def test_an_empty_shop_has_a_cursor_that_sees_its_first_order(sessions: Sessions) -> None:
    poller = Poller(sessions)
    assert await poller.poll() == []
    (account,) = await seed_accounts(sessions, 1)
    (product,) = await seed_products(sessions, ["1"])
    placed = await place(sessions, [OrderRequest(account, [Line(product, 1)])])
    assert await poller.poll() == placed


@pytest.mark.parametrize("cursor", ["", "x", "start ", "AAAA", "é", "gQHA", "A" * 10_000])
async def test_a_cursor_that_is_none_is_refused(sessions: Sessions, cursor: str) -> None:
    with pytest.raises(InvalidCursor) as caught:
        await read_changes(sessions, ADMIN, cursor, OrderList(limit=1))
    assert list(caught.value.fields) == ["updated_after"]


async def test_a_cursor_from_before_a_restore_is_refused_instead_of_hearing_nothing(sessions: Sessions) -> None:
    (account,) = await seed_accounts(sessions, 1)
    (product,) = await seed_products(sessions, ["1"])
    await place(sessions, [OrderRequest(account, [Line(product, 1)])])
    page = await read_changes(sessions, ADMIN, START, OrderList(limit=1))
    assert page.next_cursor is not None
    async with sessions() as session, session.begin():
        await session.execute(text("UPDATE outbox_shards SET last_number = 0"))
        await session.execute(text("TRUNCATE order_changes"))
    with pytest.raises(InvalidCursor, match="ahead of this database"):
        await read_changes(sessions, ADMIN, page.next_cursor, OrderList(limit=1))


async def test_a_customer_may_not_follow_everybodys_orders(sessions: Sessions) -> None:
    with pytest.raises(NotAllowed):
        await read_changes(sessions, Caller(1, "CUSTOMER"), START, OrderList(limit=1))


async def test_a_cursor_stands_alone(sessions: Sessions) -> None:
    for asked in (
        OrderList(OrderFilter(status="PENDING")),
        OrderList(sort="created_at"),
        OrderList(starting_after=uuid4()),
    ):
        with pytest.raises(InvalidCursor, match="`limit` beside it and nothing else"):
            await read_changes(sessions, ADMIN, START, asked)
