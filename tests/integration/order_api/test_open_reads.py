"""What anybody may ask does not keep orders from being taken: counted in connections and statements."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

import pytest
from sqlalchemy import event, text

from ordercast.services.order_api.settings import OrderApiSettings
from ordercast.services.shared.db.engine import Sessions
from tests.support.order_api import Member, RunningApi

READING = OrderApiSettings.model_fields["reading_pool_size"].default


@pytest.fixture(scope="module")
async def admin(shared_api: RunningApi) -> Member:
    return await shared_api.admin()


@contextmanager
def statements(sessions: Sessions) -> Iterator[list[str]]:
    """What these sessions send to PostgreSQL meanwhile."""
    seen: list[str] = []
    engine = sessions.kw["bind"].sync_engine

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


@asynccontextmanager
async def all_busy(sessions: Sessions, connections: int) -> AsyncIterator[None]:
    """Every connection of the pool is in use."""
    async with AsyncExitStack() as stack:
        for _ in range(connections):
            session = await stack.enter_async_context(sessions())
            await session.execute(text("SELECT 1"))
        yield


async def test_orders_are_taken_while_reads_wait_for_a_connection_of_theirs(
    shared_api: RunningApi, admin: Member
) -> None:
    customer = await shared_api.customer()
    product = (await shared_api.product(admin))["id"]
    async with all_busy(shared_api.service.reading, READING):
        reads = [
            asyncio.create_task(shared_api.client.get(path, headers=admin.headers))
            for number in range(10)
            for path in (
                f"/products?search=mug{number}",
                f"/trends?from=2026-01-1{number}&to=2026-01-20",
                f"/products/{product}",
            )
        ]
        order = {"items": [{"product_id": product, "quantity": 1}]}
        placed = await shared_api.client.post("/orders", json=order, headers=customer.headers)
        assert placed.status_code == 201
        assert not any(read.done() for read in reads)
    assert {read.status_code for read in await asyncio.gather(*reads)} == {200}


@pytest.mark.parametrize("path", ["/products?search=a", "/trends?tz=Europe/Paris"])
async def test_many_who_ask_the_same_cost_the_database_what_one_costs(
    shared_api: RunningApi, admin: Member, path: str
) -> None:
    async def ask(times: int) -> int:
        shared_api.service.product_pages.forget()
        shared_api.service.trends.forget()
        with statements(shared_api.service.reading) as seen:
            answers = [shared_api.client.get(path, headers=admin.headers) for _ in range(times)]
            assert {answer.status_code for answer in await asyncio.gather(*answers)} == {200}
        return len(seen)

    assert await ask(30) == await ask(1) > 0


async def test_whoever_changes_a_product_sees_the_change_in_the_next_list(
    shared_api: RunningApi, admin: Member
) -> None:
    async def names() -> list[str]:
        answer = await shared_api.client.get("/products?search=kettle")
        return [product["name"] for product in answer.json()["data"]]

    assert await names() == []
    product = await shared_api.product(admin, name="Kettle", sku="K-1")
    assert await names() == ["Kettle"]
    await shared_api.client.patch(f"/products/{product['id']}", json={"name": "Kettle 2"}, headers=admin.headers)
    assert await names() == ["Kettle 2"]
    line = b'{"sku": "K-2", "name": "Kettle 3", "price": "1", "currency": "EUR"}'
    await shared_api.client.post("/products/import", content=line, headers=admin.headers)
    assert await names() == ["Kettle 2", "Kettle 3"]
