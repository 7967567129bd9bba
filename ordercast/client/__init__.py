"""A client of the whole system, over HTTP as anybody would use it.

    async with open_client(Addresses.local()) as anonymous:
        await anonymous.order_api.sign_up("ann@example.com", "ann", password)
        ann = await anonymous.log_in("ann@example.com", password)
        order = await ann.order_api.place_order([(product_id, 3)])

Clients that come of one `open_client` share its connections, and may be used by many tasks at once.
`ordercast.client.blocking` has all of it for programs without asyncio.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from ordercast.client.addresses import ORDER_API_PORT, PREDICTOR_PORT, TRAINER_PORT, Addresses
from ordercast.client.credentials import ApiKey, Login
from ordercast.client.dead_letters import DeadLettersApi
from ordercast.client.edits import EditsApi
from ordercast.client.order_api import OrderApi
from ordercast.client.pairs import PairsApi
from ordercast.client.predictor import PredictorApi
from ordercast.client.request import RETRY_FOR_S
from ordercast.client.reviews import ReviewsApi
from ordercast.client.session import Session, Signed
from ordercast.client.shop_pages import ShopPages
from ordercast.client.trainer import TrainerApi
from ordercast.client.transport import Transport, open_transport

__all__ = ["ORDER_API_PORT", "PREDICTOR_PORT", "TRAINER_PORT", "Addresses", "Client", "open_client"]

# Requests under way at once: as many as group commit likes to see together, and far below the services' limits.
CONNECTIONS: Final = 64


class Client:
    """The services as one account sees them, or as nobody in particular."""

    def __init__(
        self, transport: Transport, addresses: Addresses, login: Login | ApiKey | Signed | None = None
    ) -> None:
        self._transport = transport
        self._addresses = addresses
        self._session = Session(transport, addresses.order_api, login)
        self.order_api = OrderApi(self._session)
        self.dead_letters = DeadLettersApi(self._session)
        self.edits = EditsApi(self._session)
        self.pairs = PairsApi(self._session)
        self.reviews = ReviewsApi(self._session)
        self.shop_pages = ShopPages(self._session)
        self.trainer = TrainerApi(self._session, addresses.trainer)
        self.predictor = PredictorApi(self._session, addresses.predictor)

    async def log_in(self, email: str, password: str) -> "Client":
        """A client of that account, over the same connections. It renews its token by itself.

        Raises:
            ProblemAnswer: the email or the password is wrong.
        """
        client = self.as_account(Login(email, password))
        await client._session.log_in()
        return client

    async def log_out(self) -> None:
        """Ends this client's log-in; others of the account go on. The next request would log in anew."""
        await self._session.log_out()

    def with_key(self, key: str) -> "Client":
        """A client of the account that an API key (`oc_...`) acts as, for the key's scopes."""
        return Client(self._transport, self._addresses, ApiKey(key))

    def as_account(self, login: Login | Signed) -> "Client":
        """The same without a look at whether the login is right: the first request gets the token."""
        return Client(self._transport, self._addresses, login)


@asynccontextmanager
async def open_client(
    addresses: Addresses, *, connections: int = CONNECTIONS, retry_for_s: float = RETRY_FOR_S
) -> AsyncIterator[Client]:
    """A client of nobody in particular. `retry_for_s` bounds how long a request is tried again where that is safe."""
    async with open_transport(connections=connections, retry_for_s=retry_for_s) as transport:
        yield Client(transport, addresses)
