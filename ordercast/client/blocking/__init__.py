# Made from ordercast/client/__init__.py by `python -m ordercast.client.generate`: change it there.
"""A client of the whole system, over HTTP as anybody would use it.

    with open_client(Addresses.local()) as anonymous:
        anonymous.order_api.sign_up("ann@example.com", "ann", password)
        ann = anonymous.log_in("ann@example.com", password)
        order = ann.order_api.place_order([(product_id, 3)])

Clients that come of one `open_client` share its connections, and may be used by many threads at once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from ordercast.client.addresses import ORDER_API_PORT, PREDICTOR_PORT, TRAINER_PORT, Addresses
from ordercast.client.blocking.dead_letters import DeadLettersApi
from ordercast.client.blocking.edits import EditsApi
from ordercast.client.blocking.order_api import OrderApi
from ordercast.client.blocking.pairs import PairsApi
from ordercast.client.blocking.predictor import PredictorApi
from ordercast.client.blocking.reviews import ReviewsApi
from ordercast.client.blocking.session import Session, Signed
from ordercast.client.blocking.shop_pages import ShopPages
from ordercast.client.blocking.trainer import TrainerApi
from ordercast.client.blocking.transport import Transport, open_transport
from ordercast.client.credentials import ApiKey, Login
from ordercast.client.request import RETRY_FOR_S

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

    def log_in(self, email: str, password: str) -> "Client":
        """A client of that account, over the same connections. It renews its token by itself.

        Raises:
            ProblemAnswer: the email or the password is wrong.
        """
        client = self.as_account(Login(email, password))
        client._session.log_in()
        return client

    def log_out(self) -> None:
        """Ends this client's log-in; others of the account go on. The next request would log in anew."""
        self._session.log_out()

    def with_key(self, key: str) -> "Client":
        """A client of the account that an API key (`oc_...`) acts as, for the key's scopes."""
        return Client(self._transport, self._addresses, ApiKey(key))

    def as_account(self, login: Login | Signed) -> "Client":
        """The same without a look at whether the login is right: the first request gets the token."""
        return Client(self._transport, self._addresses, login)


@contextmanager
def open_client(
    addresses: Addresses, *, connections: int = CONNECTIONS, retry_for_s: float = RETRY_FOR_S
) -> Iterator[Client]:
    """A client of nobody in particular. `retry_for_s` bounds how long a request is tried again where that is safe."""
    with open_transport(connections=connections, retry_for_s=retry_for_s) as transport:
        yield Client(transport, addresses)
