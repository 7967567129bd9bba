"""The system that a command works on: the one of a state folder, or one that somebody else runs (`remote_system`)."""

from dataclasses import dataclass
from typing import Protocol

from ordercast.client import Addresses
from ordercast.client.credentials import Login
from ordercast.client.session import Signed
from ordercast.errors import ActionableError
from ordercast.infra.local.state import StateFolder, SystemInfo
from ordercast.system.operator_account import operator_login, sample_password


class NotGiven(ActionableError):
    """A part of the system is needed whose address nobody gave."""


class Target(Protocol):
    """A running system. Each property raises NotGiven where nobody told."""

    @property
    def addresses(self) -> Addresses: ...

    @property
    def guessed(self) -> frozenset[str]:
        """The services whose addresses nobody gave."""

    @property
    def database_url(self) -> str:
        """Of the schema's owner, for what repairs."""

    @property
    def reading_url(self) -> str:
        """Of the database for what only looks; whoever runs the system gives one URL for both."""

    @property
    def kafka_bootstrap(self) -> str:
        """Of a broker for our own clients; it may carry a login."""

    async def login(self) -> Login | Signed:
        """The admin that commands act as.

        Raises:
            AdminNotMade: there is none, and none could be made.
            ClientError: order_api does not answer.
        """

    def sample_password(self) -> str:
        """The password of all sample accounts, the same each time."""


@dataclass(frozen=True, slots=True)
class LocalSystem:
    """The system that runs on a state folder."""

    folder: StateFolder
    info: SystemInfo

    @property
    def addresses(self) -> Addresses:
        return Addresses.of(self.info.urls)

    @property
    def guessed(self) -> frozenset[str]:
        return frozenset()

    @property
    def database_url(self) -> str:
        return self.info.database_url

    @property
    def reading_url(self) -> str:
        return self.info.reader_database_url or self.info.database_url

    @property
    def kafka_bootstrap(self) -> str:
        return self.info.kafka_address

    async def login(self) -> Login | Signed:
        return await operator_login(self.folder, self.info)

    def sample_password(self) -> str:
        return sample_password(self.folder)
