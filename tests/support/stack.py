"""What the integration tests need of a PostgreSQL and a Kafka, whoever runs them.

`pytest --stack=NAME` chooses the maker; tests see these protocols and never the maker.
"""

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from ordercast.testing import StackName
from tests.support.embedded import EmbeddedStack


class RunningServer(Protocol):
    """A server that answers. Its end is the test's to choose."""

    def kill(self) -> None:
        """SIGKILL."""

    async def wait(self) -> int:
        """The exit code, when it has ended."""


class ServerUnderTest(Protocol):
    """A server that can be started again and again: it keeps its data and its port."""

    def running(self) -> AbstractAsyncContextManager[RunningServer]:
        """Starts it, and stops it at the end of the block."""


class PostgresUnderTest(ServerUnderTest, Protocol):
    """A PostgreSQL whose databases come and go with the tests."""

    def url(self, database: str = "ordercast") -> str:
        """The postgresql+asyncpg:// URL of a database."""

    async def create_database(self, name: str = "ordercast", *, template: str | None = None) -> None:
        """Creates a database, as a copy of `template` if given, unless it is there."""

    async def drop_database(self, name: str) -> None:
        """Drops a database, ending its sessions."""


class KafkaUnderTest(ServerUnderTest, Protocol):
    """A broker."""

    @property
    def bootstrap(self) -> str:
        """host:port, also before it runs."""


class Stack(Protocol):
    """A maker of servers. Each is made for the time of a block, and not running yet; `folder` is for its data and logs."""

    @property
    def name(self) -> StackName: ...

    def postgres(self, folder: Path, /) -> AbstractAsyncContextManager[PostgresUnderTest]: ...

    def kafka(self, folder: Path, /) -> AbstractAsyncContextManager[KafkaUnderTest]: ...


def stack_of(name: StackName) -> Stack:
    """The maker with that name."""
    if name == "embedded":
        return EmbeddedStack()
    # The embedded stack does without Docker and its packages.
    from tests.support.containers import ContainerStack

    return ContainerStack()
