"""The system as `ordercast up` starts it: processes of this machine, in a folder that is thrown away."""

import random
import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from ordercast.client.credentials import Login
from ordercast.infra.local.errors import PortsTaken
from ordercast.infra.local.ports import MAX_OFFSET, OFFSET_STEP
from ordercast.infra.local.system import System, running_system
from ordercast.stacks.made import ADMIN_EMAIL, ADMIN_NICKNAME, MadeSystem, Report
from ordercast.system.access import addresses_of
from ordercast.system.operator_account import create_admin

# The ports of `ordercast up` and its neighbours are left to people.
FIRST_OFFSET: Final = 1_000
# Ports are drawn, so that several runs on one machine rarely meet; and drawn again when they do.
DRAWS: Final = 10


@asynccontextmanager
async def embedded_system(folder: Path, *, partitions: int, report: Report) -> AsyncIterator[MadeSystem]:
    """PostgreSQL, Kafka and all services as child processes.

    Raises:
        ActionableError: it does not start.
    """
    async with AsyncExitStack() as stack:
        system = await _started(stack, folder / "state", partitions, report)
        admin = Login(ADMIN_EMAIL, secrets.token_urlsafe(24))
        await create_admin(system.info.database_url, admin.email, ADMIN_NICKNAME, admin.password)
        yield MadeSystem(
            addresses=addresses_of(system.info),
            database_url=system.info.database_url,
            kafka_bootstrap=system.info.kafka_bootstrap,
            admin=admin,
            log=lambda name: _log(system, name),
            copy_artifacts=lambda target: _copy(system.folder.artifacts, target),
        )


async def _started(stack: AsyncExitStack, state: Path, partitions: int, report: Report) -> System:
    for draw in range(1, DRAWS + 1):
        offset = random.randrange(FIRST_OFFSET, MAX_OFFSET, OFFSET_STEP)  # noqa: S311 - no secret
        try:
            # Those who test bring consumers of their own, which know of no users.
            system = running_system(state, offset, partitions=partitions, report=report, kafka_logins=False)
            return await stack.enter_async_context(system)
        except PortsTaken:
            if draw == DRAWS:
                raise
    raise AssertionError("the last draw returns or raises")


def _log(system: System, name: str) -> str:
    if name not in system.supervisor.names():
        raise KeyError(name)
    return (system.folder.logs / f"{name}.log").read_text(errors="replace")


def _copy(artifacts: Path, target: Path) -> None:
    shutil.copytree(artifacts, target)
