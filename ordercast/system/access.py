"""The running system as a command needs it: who answers where, and as whom the command speaks."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Literal

from ordercast.client import Addresses, Client, open_client
from ordercast.client.database import DatabaseUnavailable
from ordercast.client.errors import ApiKeyUnusable, ClientError, ProblemAnswer, ServiceUnreachable
from ordercast.client.kafka import KafkaUnavailable
from ordercast.client.probe import check_answers
from ordercast.client.request import RETRY_FOR_S
from ordercast.client.session import Signed
from ordercast.errors import ActionableError
from ordercast.infra.local.state import SystemInfo
from ordercast.secret_variables import secret_variable
from ordercast.system.target import NotGiven, Target

# What a system that is away, or says no, raises: the text is for the user.
SYSTEM_ERRORS: Final = (ClientError, DatabaseUnavailable, KafkaUnavailable, OSError)
UNAUTHORIZED: Final = 401
# An API key, in place of an admin's email and password.
KEY_VARIABLE: Final = "ORDERCAST_API_KEY"


class AdminRefused(ActionableError):
    """The admin's email and password, or the API key, are not taken."""


@dataclass(frozen=True, slots=True)
class Access:
    """Clients of the system: as nobody in particular, and as an admin, or whoever the API key acts as."""

    target: Target
    anonymous: Client
    admin: Client

    async def expect(self, service: Literal["trainer", "predictor"]) -> None:
        """Looks whether the service answers.

        Raises:
            NotGiven: nothing does, at an address that nobody gave.
            ServiceUnreachable: nothing does, at the address that was given.
        """
        address = getattr(self.target.addresses, service)
        try:
            await check_answers(address)
        except ServiceUnreachable as error:
            if service not in self.target.guessed:
                raise
            raise NotGiven(f"no {service} was named, and none is beside order_api: {error}") from error


@asynccontextmanager
async def open_access(target: Target, *, retry_for_s: float = RETRY_FOR_S) -> AsyncIterator[Access]:
    """Access to a running system, by ORDERCAST_API_KEY if it is set; `retry_for_s` is `open_client`'s.

    Raises:
        AdminNotMade: there is no admin to log in as, and none could be made.
        AdminRefused: email or password are wrong, or what was given as an API key is none.
        ClientError: it does not answer.
    """
    key = secret_variable(KEY_VARIABLE, os.environ)
    if key is not None:
        async with open_client(target.addresses, retry_for_s=retry_for_s) as anonymous:
            try:
                admin = anonymous.with_key(key)
            except ApiKeyUnusable as error:
                raise AdminRefused(f"{KEY_VARIABLE}: {error}", hint="`ordercast api-keys create` makes one") from error
            await check_answers(target.addresses.order_api)
            yield Access(target, anonymous, admin)
        return
    login = await target.login()
    async with open_client(target.addresses, retry_for_s=retry_for_s) as anonymous:
        if isinstance(login, Signed):
            await check_answers(target.addresses.order_api)
            yield Access(target, anonymous, anonymous.as_account(login))
            return
        try:
            admin = await anonymous.log_in(login.email, login.password)
        except ProblemAnswer as problem:
            if problem.status != UNAUTHORIZED:
                raise
            raise AdminRefused(
                f"{target.addresses.order_api} does not take {login.email} with its password: {problem}",
                hint="ORDERCAST_ADMIN_EMAIL and ORDERCAST_ADMIN_PASSWORD name another admin",
            ) from problem
        yield Access(target, anonymous, admin)


def addresses_of(system: SystemInfo) -> Addresses:
    return Addresses.of(system.urls)
