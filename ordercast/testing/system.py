"""A running Ordercast as a test sees it, whoever runs it."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

from ordercast.client import Addresses
from ordercast.client.session import Login

StackName: TypeAlias = Literal["embedded", "containers"]
STACKS: Final[tuple[StackName, ...]] = get_args(StackName)
# Enough to tell partitions apart, few enough to start quickly.
PARTITIONS: Final = 4
# Who tests act as where an admin is needed; the password is drawn for each system.
ADMIN_EMAIL: Final = "admin@example.com"
ADMIN_NICKNAME: Final = "admin"

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class SystemUnderTest:
    """Where it listens, and who may do everything. Plain data: it belongs to no event loop.

    `database_url` is SQLAlchemy's (postgresql+asyncpg://), `kafka_bootstrap` is host:port. `log` gives what a process has
    written so far, by its name (order_api, relay, feature_worker, trainer, predictor, postgres, kafka). `copy_artifacts`
    copies the folder of all model versions into a folder that it makes; both block.
    """

    stack: StackName
    addresses: Addresses
    database_url: str
    kafka_bootstrap: str
    partitions: int
    admin: Login
    log: Callable[[str], str]
    copy_artifacts: Callable[[Path], None]


def open_system(
    stack: StackName, folder: Path, *, partitions: int = PARTITIONS, report: Report = lambda _: None
) -> AbstractAsyncContextManager[SystemUnderTest]:
    """Starts a whole system for as long as the block runs. `folder` is an empty one, for its data and logs.

    Raises:
        ActionableError: it does not start; the message says why, and `hint` how to mend it.
    """
    # Each maker is imported when it is chosen: the other one's packages may be missing.
    if stack == "embedded":
        from ordercast.stacks.embedded import embedded_system

        return embedded_system(folder, partitions=partitions, report=report)
    from ordercast.stacks.containers import container_system

    return container_system(partitions=partitions, report=report)
