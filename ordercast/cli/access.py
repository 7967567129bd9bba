"""The running system as a command needs it: who answers where, and as whom the command speaks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from infra.local.state import SystemInfo
from ordercast.cli.options import Context
from ordercast.client import Addresses, Client, open_client
from ordercast.client.errors import ClientError
from ordercast.database import DatabaseUnavailable
from ordercast.operator_account import operator_login
from ordercast.own_consumer import KafkaUnavailable
from ordercast.verify import NotCaughtUp

# What a system that is away, or says no, raises: the text is for the user.
SYSTEM_ERRORS: Final = (ClientError, DatabaseUnavailable, KafkaUnavailable, NotCaughtUp, OSError)


@dataclass(frozen=True, slots=True)
class Access:
    """Clients of the system: as nobody in particular, and as an admin."""

    system: SystemInfo
    anonymous: Client
    admin: Client


@asynccontextmanager
async def open_access(context: Context) -> AsyncIterator[Access]:
    """Access to the system that runs on the command's folder.

    Raises:
        LocalError: none runs there.
        ClientError: it does not answer, or does not take the admin's password.
    """
    system = context.system()
    login = await operator_login(context.folder, system)
    async with open_client(addresses_of(system)) as anonymous:
        yield Access(system, anonymous, await anonymous.log_in(login.email, login.password))


def addresses_of(system: SystemInfo) -> Addresses:
    return Addresses(system.urls["order_api"], system.urls["trainer"], system.urls["predictor"])
