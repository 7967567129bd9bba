"""kill -9 of each process in turn, under posting clients: nothing acknowledged is lost, nothing counts twice.

Clients post orders and batches of views with keys, repeat what was not answered, and cancel some orders. In the end every
acknowledged order is there once, and the feature table equals what pandas makes of orders and views.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from infra.local.ports import Ports
from infra.local.processes import SERVICES
from infra.local.system import System, running_system
from ordercast.client import Addresses, Client, open_client
from ordercast.client.errors import ProblemAnswer, ServiceUnreachable
from ordercast.operator_account import operator_login
from ordercast.verify import verify
from services.shared.db.engine import open_database

CUSTOMERS: Final = 6
PRODUCTS: Final = 20
# Between two kills each client must have got this many answers: the system works again, under load.
ANSWERS_BETWEEN_KILLS: Final = 5
VICTIMS: Final = ("order_api", "relay", "feature_worker", "predictor", "trainer", "kafka", "postgres")


@dataclass
class Tally:
    """What the services acknowledged."""

    orders: set[UUID] = field(default_factory=set)
    cancelled: set[UUID] = field(default_factory=set)
    views: int = 0
    answers: list[int] = field(default_factory=lambda: [0] * CUSTOMERS)

    async def until_all_got(self, more: int) -> None:
        """Waits until each client got so many more answers."""
        goal = [count + more for count in self.answers]
        while any(count < wanted for count, wanted in zip(self.answers, goal, strict=True)):
            await asyncio.sleep(0.05)


async def shop(number: int, customer: Client, products: list[int], tally: Tally, stopping: asyncio.Event) -> None:
    """One client: an order, some views, now and then a cancellation, as fast as answers come."""
    for turn in itertools.count():
        if stopping.is_set():
            return
        product = products[(number + turn) % PRODUCTS]
        order = await customer.order_api.place_order([(product, turn % 9 + 1)], key=str(uuid4()))
        tally.orders.add(order.id)
        lines = [{"product_id": product, "count": count} for count in range(1, 4)]
        answer = await customer.order_api.add_views(lines, key=str(uuid4()))
        tally.views += sum(range(1, 4)) if answer.accepted == len(lines) else 0
        if turn % 5 == 0:
            await cancel(customer, order.id)
            tally.cancelled.add(order.id)
        tally.answers[number] += 1


async def cancel(customer: Client, order_id: UUID) -> None:
    """Cancels until it is so: a repeat whose first answer was lost finds the order cancelled."""
    while (await customer.order_api.order(order_id)).status != "CANCELLED":
        with suppress(ServiceUnreachable, ProblemAnswer):
            await customer.order_api.cancel_order(order_id)


@asynccontextmanager
async def shopping(system: System) -> AsyncIterator[Tally]:
    """Clients that post all the time, until the block ends."""
    urls = system.urls
    addresses = Addresses(urls["order_api"], urls["trainer"], urls["predictor"])
    async with open_client(addresses, connections=CUSTOMERS, retry_for_s=90) as anonymous:
        login = await operator_login(system.folder, system.info)
        admin = await anonymous.log_in(login.email, login.password)
        products = [
            (await admin.order_api.create_product(f"sku-{number}", f"Product {number}", Decimal("2.50"), "EUR")).id
            for number in range(PRODUCTS)
        ]
        customers = []
        for number in range(CUSTOMERS):
            email, password = f"customer{number}@example.com", "a long enough password"
            await anonymous.order_api.sign_up(email, f"customer{number}", password)
            customers.append(await anonymous.log_in(email, password))
        tally, stopping = Tally(), asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for number, customer in enumerate(customers):
                group.create_task(shop(number, customer, products, tally, stopping))
            try:
                yield tally
            finally:
                stopping.set()


@pytest.mark.timeout(600)
async def test_nothing_is_lost_or_counted_twice_when_each_process_is_killed_in_turn(tmp_path: Path) -> None:
    async with running_system(tmp_path / "state", Ports(3000).next_free_offset()) as system:
        async with shopping(system) as tally:
            for victim in VICTIMS:
                await tally.until_all_got(ANSWERS_BETWEEN_KILLS)
                system.kill(victim)
                await system.until_healthy(victim, timeout_s=90)
            await tally.until_all_got(ANSWERS_BETWEEN_KILLS)
        verification = await verify(system.info.database_url, system.info.kafka_bootstrap, wait_s=120)
        async with open_database(system.info.database_url, application="test") as sessions, sessions() as session:
            stored = {row.id: row.status for row in await session.execute(text("SELECT id, status FROM orders"))}
            counted = (await session.execute(text("SELECT sum(view_count) FROM feature_rows"))).scalar_one()
    assert verification.differences == []
    assert verification.difference_count == 0
    assert verification.order_items == len(stored)
    # Repeated by the client until they were answered: so exactly these.
    assert set(stored) == tally.orders
    assert {order for order, status in stored.items() if status == "CANCELLED"} == tally.cancelled
    assert counted == tally.views


def test_the_list_of_victims_is_whole() -> None:
    assert {*SERVICES, "kafka", "postgres"} == set(VICTIMS)
