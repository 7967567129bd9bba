"""A running Ordercast as a test sees it, whoever runs it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

from ordercast.client import Addresses
from ordercast.client.control import ask
from ordercast.client.credentials import Login

StackName: TypeAlias = Literal["embedded", "containers"]
STACKS: Final[tuple[StackName, ...]] = get_args(StackName)


@dataclass(frozen=True, slots=True)
class SystemUnderTest:
    """Where it listens, and who may do everything. Plain data: it belongs to no event loop.

    `database_url` is SQLAlchemy's (postgresql+asyncpg://), `kafka_bootstrap` is host:port. `control_socket` is that of the
    process that runs the system; the methods ask it, and block.
    """

    stack: StackName
    addresses: Addresses
    database_url: str
    kafka_bootstrap: str
    partitions: int
    admin: Login
    control_socket: str

    def log(self, name: str) -> str:
        """What a process has written so far: order_api, relay, feature_worker, trainer, predictor, postgres or kafka.

        Raises:
            ControlRefused: there is none of that name.
            NoControl: the system does not run any more.
        """
        return str(ask(self.control_socket, "log", name=name))

    def copy_artifacts(self, target: Path) -> None:
        """Copies the folder of all model versions to `target`, which is made. Raises as `log` does."""
        ask(self.control_socket, "copy_artifacts", target=str(target.absolute()))
