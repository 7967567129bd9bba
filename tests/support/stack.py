"""What the integration tests need of a PostgreSQL and a Kafka, whoever runs them.

`pytest --stack=NAME` chooses the maker; tests see these two protocols and never the maker.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from tests.support.embedded import embedded_kafka, embedded_postgres


class PostgresUnderTest(Protocol):
    """A running PostgreSQL whose databases come and go with the tests."""

    def url(self, database: str) -> str:
        """The postgresql+asyncpg:// URL of a database."""

    async def create_database(self, name: str, *, template: str | None = None) -> None:
        """Creates a database, as a copy of `template` if given."""

    async def drop_database(self, name: str) -> None:
        """Drops a database, ending its sessions."""


class KafkaUnderTest(Protocol):
    """A running broker."""

    @property
    def bootstrap(self) -> str:
        """host:port"""


@dataclass(frozen=True, slots=True)
class Stack:
    """A maker of both servers. Each starts one in the folder it is given and stops it at the end."""

    postgres: Callable[[Path], AbstractAsyncContextManager[PostgresUnderTest]]
    kafka: Callable[[Path], AbstractAsyncContextManager[KafkaUnderTest]]


STACKS: Final = {"embedded": Stack(postgres=embedded_postgres, kafka=embedded_kafka)}
