"""One running system for all tests of the commands: real processes, reached only the way a user reaches them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result

from ordercast.cli import app
from ordercast.client import Client, open_client
from ordercast.infra.local.system import System, running_system
from ordercast.system.access import addresses_of
from ordercast.system.operator_account import operator_login
from tests.support.offsets import free_offset


@dataclass(frozen=True, slots=True)
class Running:
    """The system, and clients of it."""

    system: System
    anonymous: Client
    admin: Client

    @property
    def database_url(self) -> str:
        return self.system.info.database_url

    @property
    def bootstrap(self) -> str:
        return self.system.info.kafka_address

    async def run(self, *arguments: str, **options: Any) -> Result:
        """`ordercast ARGUMENTS` on this system, in a thread: a command has an event loop of its own."""
        state = [] if "--state" in arguments else ["--state", str(self.system.folder.root)]
        return await asyncio.to_thread(CliRunner().invoke, app, [*arguments, *state], **options)


@pytest.fixture(scope="package")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """A running system with an operator."""
    state = tmp_path_factory.mktemp("running") / "state"
    async with running_system(state, free_offset()) as system:
        login = await operator_login(system.folder, system.info)
        async with open_client(addresses_of(system.info)) as anonymous:
            yield Running(system, anonymous, anonymous.as_account(login))


@pytest.fixture
def customer_of(running: Running) -> Callable[[str], Any]:
    """Signs up an account with that name and logs in to it."""

    async def make(name: str) -> Client:
        await running.anonymous.order_api.sign_up(f"{name}@example.com", name, "correct horse battery")
        return await running.anonymous.log_in(f"{name}@example.com", "correct horse battery")

    return make


@pytest.fixture
async def ordered(running: Running, customer_of: Callable[[str], Any]) -> tuple[int, int]:
    """An account and a product with an order of which some came back, a cancelled order and views; the (account, product) pair."""
    name = f"verify{uuid4().hex[:8]}"
    customer = await customer_of(name)
    product = await running.admin.order_api.create_product(name, name, Decimal("2.50"), "USD")
    returned = await customer.order_api.place_order([(product.id, 3), (product.id, 4)])
    await running.admin.order_api.confirm_order(returned.id)
    await running.admin.order_api.cancel_order(returned.id, {2: 1})
    assert (await running.admin.order_api.cancel_order(returned.id, {1: 1, 2: 1})).status == "CONFIRMED"
    cancelled = await customer.order_api.place_order([(product.id, 9)])
    await customer.order_api.cancel_order(cancelled.id)
    await customer.order_api.add_views([{"product_id": product.id, "count": 40}])
    await customer.order_api.add_view(product.id, 2, kind="cart")
    return (await customer.order_api.me()).id, product.id
