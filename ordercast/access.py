"""The running system as the door needs it: who answers where, and as whom the door speaks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from infra.local.state import StateFolder, SystemInfo
from ordercast.client import Addresses, Client, open_client
from ordercast.client.errors import ClientError
from ordercast.client.transport import RETRY_FOR_S
from ordercast.database import DatabaseUnavailable
from ordercast.operator_account import operator_login
from ordercast.own_consumer import KafkaUnavailable

# What a system that is away, or says no, raises: the text is for the user.
SYSTEM_ERRORS: Final = (ClientError, DatabaseUnavailable, KafkaUnavailable, OSError)


@dataclass(frozen=True, slots=True)
class Access:
    """Clients of the system: as nobody in particular, and as an admin."""

    system: SystemInfo
    anonymous: Client
    admin: Client


@asynccontextmanager
async def open_access(
    folder: StateFolder, system: SystemInfo, *, retry_for_s: float = RETRY_FOR_S
) -> AsyncIterator[Access]:
    """Access to the system that runs on a folder; `retry_for_s` is `open_client`'s.

    Raises:
        AdminNotMade: there is no admin to log in as, and none could be made.
        ClientError: it does not answer, or does not take the admin's password.
    """
    login = await operator_login(folder, system)
    async with open_client(addresses_of(system), retry_for_s=retry_for_s) as anonymous:
        yield Access(system, anonymous, await anonymous.log_in(login.email, login.password))


def addresses_of(system: SystemInfo) -> Addresses:
    return Addresses(system.urls["order_api"], system.urls["trainer"], system.urls["predictor"])
