"""A system that somebody else runs: its addresses and credentials come from options, the environment and files of secrets."""

import base64
import hashlib
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import httpx
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from ordercast.client import Addresses
from ordercast.client.credentials import Login
from ordercast.client.probe import check_answers
from ordercast.errors import ActionableError
from ordercast.services.shared.process.errors import CannotStart
from ordercast.services.shared.process.settings import read_settings
from ordercast.system.target import NotGiven

# A trainer and a predictor that are not named are looked for this far above order_api's port, as `ordercast up` has them.
TRAINER_OFFSET: Final = 1
PREDICTOR_OFFSET: Final = 2
# The console, too; a system may go without one.
CONSOLE_OFFSET: Final = 5
# Cost of the derived password (2**14 blocks of 8 * 128 bytes: 16 MiB, some 50 ms).
SCRYPT: Final = {"n": 2**14, "r": 8, "p": 1}


class RemoteSettings(BaseSettings):
    """What a command may have to know of a system beside its order_api. Each field is the variable ORDERCAST_<FIELD>."""

    model_config = SettingsConfigDict(
        env_prefix="ORDERCAST_", env_ignore_empty=True, frozen=True, hide_input_in_errors=True
    )

    admin_email: str | None = None
    admin_password: SecretStr | None = None
    sample_password: SecretStr | None = Field(default=None, description="derived from the admin's, if not given")
    database_url: str | None = Field(default=None, description="postgresql+asyncpg://user:password@host:port/database")
    kafka_bootstrap: str | None = Field(default=None, description="host:port of a broker")
    console_url: str | None = Field(default=None, description="where the console answers, if there is one")


@dataclass(frozen=True, slots=True)
class RemoteSystem:
    """A system that somebody else runs, such as the containers of infra/compose.yaml."""

    addresses: Addresses
    guessed: frozenset[str]
    settings: RemoteSettings

    @property
    def console(self) -> str | None:
        """Where it answers, or would beside order_api (`guessed`); None where one cannot guess."""
        base = self.addresses.order_api
        named = self.settings.console_url
        if named:
            return checked_url(named)
        beside = _beside(base, CONSOLE_OFFSET)
        return None if beside == base else beside

    @property
    def database_url(self) -> str:
        return _given(self.settings.database_url, "of PostgreSQL", "ORDERCAST_DATABASE_URL")

    @property
    def reading_url(self) -> str:
        return self.database_url

    @property
    def kafka_bootstrap(self) -> str:
        return _given(self.settings.kafka_bootstrap, "of Kafka", "ORDERCAST_KAFKA_BOOTSTRAP")

    async def login(self) -> Login:
        email, password = self.settings.admin_email, self.settings.admin_password
        if email is None or password is None:
            raise NotGiven(
                "there is no API key and no admin to log in as",
                hint="set ORDERCAST_API_KEY, or ORDERCAST_ADMIN_EMAIL and ORDERCAST_ADMIN_PASSWORD, or ORDERCAST_SECRETS_DIR"
                " to a folder with files of these names in lower case; infra/compose.yaml has them in infra/secrets/cli",
            )
        await check_answers(self.addresses.order_api)
        return Login(email, password.get_secret_value())

    def sample_password(self) -> str:
        """The one that was given, else one derived from the admin's: there is no folder to keep a random one in."""
        if given := self.settings.sample_password:
            return given.get_secret_value()
        secret = self.settings.admin_password
        if secret is None:
            raise NotGiven("there is no password for the sample accounts", hint="set ORDERCAST_ADMIN_PASSWORD")
        key = hashlib.scrypt(secret.get_secret_value().encode(), salt=b"ordercast sample accounts", dklen=24, **SCRYPT)
        return base64.urlsafe_b64encode(key).decode()


def remote_system(order_api: str, *, trainer: str | None = None, predictor: str | None = None) -> RemoteSystem:
    """The system whose order_api answers at a URL; credentials, PostgreSQL and Kafka come from the environment or secrets.

    Raises:
        ActionableError: a URL is none, or a variable is wrong.
    """
    base = checked_url(order_api)
    addresses = Addresses(
        base,
        checked_url(trainer) if trainer else _beside(base, TRAINER_OFFSET),
        checked_url(predictor) if predictor else _beside(base, PREDICTOR_OFFSET),
    )
    try:
        settings = read_settings(RemoteSettings)
    except CannotStart as error:
        raise ActionableError(str(error)) from error
    if settings.console_url:
        checked_url(settings.console_url)
    named = {"trainer": trainer, "predictor": predictor, "console": settings.console_url}
    return RemoteSystem(addresses, frozenset(name for name, url in named.items() if not url), settings)


def checked_url(text: str) -> str:
    """The URL without a slash at its end. Raises ActionableError for what is no URL of HTTP."""
    try:
        parts = urlsplit(text)
        # A name and a password in it would take the place of the token.
        httpx.URL(text)  # also looks at names beyond ASCII
        usable = (
            parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
        )
    except (ValueError, httpx.InvalidURL):
        usable = False
    if not usable:
        raise ActionableError(f"{text!r} is no address of a service", hint="it looks like http://127.0.0.1:8000")
    return text.rstrip("/")


def _beside(url: str, offset: int) -> str:
    """The URL with another port; the URL itself if it names none, since then a gateway tells services apart by path."""
    parts = urlsplit(url)
    if parts.port is None:
        return url
    head, _, _ = parts.netloc.rpartition(":")
    return parts._replace(netloc=f"{head}:{parts.port + offset}").geturl()


def _given(value: str | None, whose: str, variable: str) -> str:
    if value is None:
        raise NotGiven(
            f"the address {whose} was not given",
            hint=f"set {variable}, or ORDERCAST_SECRETS_DIR to a folder with a file {variable.lower()}",
        )
    return value
