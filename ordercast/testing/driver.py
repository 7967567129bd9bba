"""What a test does with a running Ordercast: customers, products, orders, events, trainings."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from ordercast.client import Client, open_client
from ordercast.client.caught_up import caught_up_snapshot
from ordercast.client.credentials import Login
from ordercast.client.follow_training import follow_training, until_served
from ordercast.client.kafka import ends_of, open_consumer
from ordercast.client.order_answers import Product
from ordercast.client.training_answers import Training
from ordercast.contracts.envelope import Envelope
from ordercast.testing.commands import PostedSample, Verification, run_command
from ordercast.testing.events import follow_events, read_events
from ordercast.testing.system import SystemUnderTest

# A test posts a few requests at once; each lane is an HTTP client with a connection to each service.
CONNECTIONS: Final = 8
# Time (s) for what a test waits for; a busy machine may need most of it.
WITHIN_S: Final = 30.0
# Of every account that a test makes: what it protects is thrown away.
PASSWORD: Final = "a long enough password"  # noqa: S105


class TrainingFailed(AssertionError):
    """A training that a test asked for did not give a model; the message has the trainer's reason."""


@dataclass(frozen=True, slots=True)
class Customer:
    """A new account, and the services as it sees them."""

    id: int
    email: str
    nickname: str
    password: str
    client: Client

    async def order(self, *items: tuple[Product, int]) -> uuid.UUID:
        """Orders so many pieces of each product; the order's id, which is its event's id too."""
        placed = await self.client.order_api.place_order([(product.id, quantity) for product, quantity in items])
        return placed.id

    async def view(self, product: Product, count: int = 1) -> None:
        """Looks at the product `count` times, 10,000 at most."""
        # A batch: single views are limited, so that nobody adds them without end.
        await self.client.order_api.add_views([{"product_id": product.id, "count": count}])


@dataclass(frozen=True, slots=True)
class Ordercast:
    """A running Ordercast, for one test: it belongs to the event loop that it was opened on.

    `anonymous` and `admin` are clients of all its HTTP APIs (see `ordercast.client`); `system` says where everything
    listens.
    """

    system: SystemUnderTest
    anonymous: Client
    admin: Client

    async def customer(self) -> Customer:
        """A new customer that nobody else knows."""
        name = f"customer{uuid.uuid4().hex[:12]}"
        email = f"{name}@example.com"
        account = await self.anonymous.order_api.sign_up(email, name, PASSWORD)
        client = self.anonymous.as_account(Login(email, PASSWORD))
        return Customer(account.id, email, account.nickname, PASSWORD, client)

    async def product(
        self, *, price: Decimal | str = "9.50", currency: str = "EUR", sku: str | None = None, name: str = "A product"
    ) -> Product:
        """A new product; without a `sku`, with one that nobody else has."""
        sku = sku or f"sku-{uuid.uuid4().hex[:12]}"
        return await self.admin.order_api.create_product(sku, name, Decimal(price), currency)

    async def sample(
        self, mode: Literal["uniform", "signal"] = "uniform", *, orders: int = 200, seed: int = 1
    ) -> PostedSample:
        """Fills in sample data, such as a training needs; the same again changes nothing. See `ordercast sample --help`.

        Raises:
            CommandFailed: the API refused it, or numpy is not installed.
        """
        chosen = ("--mode", mode, "--orders", str(orders), "--seed", str(seed))
        return await run_command(self.system, PostedSample, "sample", *chosen, sample_password=PASSWORD)

    async def caught_up(self, *, within_s: float = WITHIN_S) -> None:
        """Waits until everything that was acknowledged so far is published and in the feature table.

        Raises:
            NotCaughtUp: it is still behind after `within_s`; the message says by how many events.
        """
        async with open_consumer(self.system.kafka_bootstrap) as consumer:
            ends = {partition.partition: offset for partition, offset in (await ends_of(consumer, ["views"])).items()}
        async with caught_up_snapshot(self.system.database_url, ends, wait_s=within_s, application="ordercast testing"):
            pass

    async def verify(self) -> Verification:
        """Waits as `caught_up` does, then compares every row of the feature table with the source data.

        Raises:
            CommandFailed: it could not, or the extra `ordercast[tools]` is not installed.
        """
        return await run_command(self.system, Verification, "verify", "--wait", str(WITHIN_S))

    async def train(self, recipe: str = "baseline", *, members: int = 2, epochs: int = 3, seed: int = 1) -> Training:
        """A quick training on all that was acknowledged so far; returns when the predictor serves its model.

        It needs some pairs with an order: `sample` makes them. It takes about ten seconds, most of it to load TensorFlow.

        Raises:
            TrainingFailed: it ended without a model.
        """
        await self.caught_up()
        started = await self.admin.trainer.start(recipe, members=members, epochs=epochs, seed=seed)
        training = await follow_training(self.admin.trainer, started.id, lambda _epoch, _epochs, _losses: None)
        if training.model_version is None:
            raise TrainingFailed(f"the training {training.status}: {training.error}")
        await until_served(self.admin.predictor, training.model_version)
        return training

    def events(
        self, topic: str, *, account_id: int | None = None, within_s: float = WITHIN_S
    ) -> AsyncIterator[Envelope]:
        """The events of a topic ("orders", "views", "models"): those that are there, then those that come, for ever.

        With `account_id`, those of that account alone.

        Raises:
            NoEvent: none came for `within_s`, so that a test fails instead of waiting for ever.
        """
        return follow_events(self.system.kafka_bootstrap, topic, account_id=account_id, within_s=within_s)

    async def read_events(self, topic: str, *, account_id: int | None = None) -> list[Envelope]:
        """The events that a topic holds now, of one account if given. `caught_up` first, for what was just acknowledged."""
        return await read_events(self.system.kafka_bootstrap, topic, account_id=account_id)


@asynccontextmanager
async def open_ordercast(system: SystemUnderTest) -> AsyncIterator[Ordercast]:
    """Clients of a running system, on the event loop of the caller."""
    async with open_client(system.addresses, connections=CONNECTIONS) as anonymous:
        yield Ordercast(system, anonymous, anonymous.as_account(system.admin))
