"""Clients that post orders and views all the time, at every order_api there is, and a count of what was acknowledged.

async with shopping(system) as tally:
    await tally.until_all_got(5)
    ...  # break something
await assert_all_counted_once(system, tally)
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, TypeVar
from uuid import UUID, uuid4

from sqlalchemy import text

from ordercast.client import Addresses, Client, open_client
from ordercast.client.credentials import Login
from ordercast.client.errors import ProblemAnswer, ServiceUnreachable
from ordercast.client.order_api import OrderApi
from ordercast.client.request import TRANSIENT_STATUSES
from ordercast.client.transport import Transport, open_transport
from ordercast.infra.local.system import System
from ordercast.services.shared.db.engine import open_database
from ordercast.system.access import addresses_of
from ordercast.system.operator_account import operator_login
from ordercast.verify import Verification, verify

CUSTOMERS: Final = 6
PRODUCTS: Final = 20
# A repeat that meets its first sending is told to come again.
IN_FLIGHT: Final = "idempotency-key-in-flight"
# An order_api that gives no answer for so long (s) is left for the next one.
RETRY_FOR_S: Final = 0.5
# Somewhere an answer is had within this time (s), even while a server is started again on a busy machine.
ANSWERED_WITHIN_S: Final = 90.0
# Time (s) for the feature table to catch up when everybody has stopped posting.
CAUGHT_UP_WITHIN_S: Final = 120.0
# Between two turns of a client (s) while a process starts: else six of them take the processors that it starts with.
PAUSE_S: Final = 1.0

Answer = TypeVar("Answer")
Urls = Callable[[], Sequence[str]]


@dataclass
class Tally:
    """What the services acknowledged."""

    orders: set[UUID] = field(default_factory=set)
    cancelled: set[UUID] = field(default_factory=set)
    views: int = 0
    answers: list[int] = field(default_factory=lambda: [0] * CUSTOMERS)
    hurry: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.hurry.set()

    async def until_all_got(self, more: int) -> None:
        """Waits until each client got so many more answers."""
        goal = [count + more for count in self.answers]
        while any(count < wanted for count, wanted in zip(self.answers, goal, strict=True)):
            await asyncio.sleep(0.05)

    @contextmanager
    def slowly(self) -> Iterator[None]:
        """While something is waited for: clients go on, with a pause between two turns. A blow falls while they hurry."""
        self.hurry.clear()
        try:
            yield
        finally:
            self.hurry.set()

    async def pause(self) -> None:
        """Between two turns; as soon as there is hurry again it is over."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.hurry.wait(), PAUSE_S)


class Customer:
    """One account, at another order_api with each request."""

    def __init__(self, transport: Transport, login: Login, urls: Urls) -> None:
        self._transport = transport
        self._login = login
        self._urls = urls
        self._clients: dict[str, Client] = {}
        self._turns = itertools.count()

    def next(self) -> OrderApi:
        urls = self._urls()
        url = urls[next(self._turns) % len(urls)]
        if url not in self._clients:
            self._clients[url] = Client(self._transport, Addresses(url, "", ""), self._login)
        return self._clients[url].order_api

    async def ask(self, question: Callable[[OrderApi], Awaitable[Answer]]) -> Answer:
        """The first answer; who gives none is passed over for the next one."""
        async with asyncio.timeout(ANSWERED_WITHIN_S):
            while True:
                try:
                    return await question(self.next())
                except ServiceUnreachable:
                    continue
                except ProblemAnswer as problem:
                    if problem.status not in TRANSIENT_STATUSES and problem.kind != IN_FLIGHT:
                        raise

    async def ask_twice_at_once(self, question: Callable[[OrderApi], Awaitable[Answer]]) -> Answer:
        """The answer of two order_apis that were asked the same at the same time."""
        one, other = await asyncio.gather(self.ask(question), self.ask(question))
        assert one == other
        return one


async def shop(number: int, customer: Customer, products: list[int], tally: Tally, stopping: asyncio.Event) -> None:
    """One client: an order, some views, repeats of both, now and then a cancellation, as fast as answers come (or `slowly`)."""
    for turn in itertools.count():
        if stopping.is_set():
            return
        product = products[(number + turn) % PRODUCTS]
        ask = customer.ask_twice_at_once if turn % 3 == 0 else customer.ask
        order_key, views_key = str(uuid4()), str(uuid4())

        async def place(api: OrderApi, product: int = product, turn: int = turn, key: str = order_key) -> UUID:
            return (await api.place_order([(product, turn % 9 + 1)], key=key)).id

        async def view(api: OrderApi, product: int = product, key: str = views_key) -> int:
            return (await api.add_views([{"product_id": product, "count": n} for n in (1, 2, 3)], key=key)).accepted

        order = await ask(place)
        tally.orders.add(order)
        assert await ask(view) == 3
        tally.views += 1 + 2 + 3
        if turn % 3 == 1:
            assert (await customer.ask(place), await customer.ask(view)) == (order, 3)
        if turn % 5 == 0:
            await cancel(customer, order)
            tally.cancelled.add(order)
        tally.answers[number] += 1
        await tally.pause()


async def cancel(customer: Customer, order_id: UUID) -> None:
    """Cancels until it is so: a repeat whose first answer was lost finds the order cancelled."""

    async def status(api: OrderApi) -> str:
        return (await api.order(order_id)).status

    while await customer.ask(status) != "CANCELLED":
        with suppress(ServiceUnreachable, ProblemAnswer):
            await customer.next().cancel_order(order_id)


async def log_in_as_operator(anonymous: Client, system: System) -> Client:
    login = await operator_login(system.folder, system.info)
    operator = anonymous.as_account(login)
    await operator.order_api.me()  # its token is signed now, while the database is there
    return operator


@asynccontextmanager
async def shopping(system: System) -> AsyncIterator[Tally]:
    """Clients that post all the time, until the block ends."""

    def urls() -> list[str]:
        return [system.urls[name] for name in system.plan.names("order_api")]

    logins = [Login(f"customer{number}@example.com", "a long enough password") for number in range(CUSTOMERS)]
    async with open_client(addresses_of(system.info)) as anonymous:
        admin = await log_in_as_operator(anonymous, system)
        products = [
            (await admin.order_api.create_product(f"sku-{number}", f"Product {number}", Decimal("2.50"), "EUR")).id
            for number in range(PRODUCTS)
        ]
        for number, login in enumerate(logins):
            await anonymous.order_api.sign_up(login.email, f"customer{number}", login.password)
    tally, stopping = Tally(), asyncio.Event()
    # Two lanes each: a customer may ask at two places at once.
    async with (
        open_transport(connections=2 * CUSTOMERS, retry_for_s=RETRY_FOR_S) as transport,
        asyncio.TaskGroup() as group,
    ):
        for number, login in enumerate(logins):
            group.create_task(shop(number, Customer(transport, login, urls), products, tally, stopping))
        try:
            yield tally
        finally:
            stopping.set()


async def assert_all_counted_once(system: System, tally: Tally) -> Verification:
    """Every acknowledged order is there exactly once, and the feature table is what pandas makes of orders and views."""
    info = system.info
    verification = await verify(info.database_url, info.kafka_address, wait_s=CAUGHT_UP_WITHIN_S)
    async with open_database(info.database_url, application="test") as sessions, sessions() as session:
        stored = {row.id: row.status for row in await session.execute(text("SELECT id, status FROM orders"))}
        counted = (await session.execute(text("SELECT sum(view_count) FROM feature_rows"))).scalar_one()
    assert verification.differences == []
    assert verification.difference_count == 0
    assert verification.order_items == len(stored)
    # Repeated by the client until they were answered: so exactly these.
    assert set(stored) == tally.orders
    assert {order for order, status in stored.items() if status == "CANCELLED"} == tally.cancelled
    assert counted == tally.views
    return verification
