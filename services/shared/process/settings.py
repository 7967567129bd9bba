"""Reads a program's settings from the environment and from files of secrets."""

import os
import socket
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import DirectoryPath, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from ordercast.first_line import first_line
from ordercast.services.shared.process.errors import CannotStart
from ordercast.services.shared.telemetry.settings import LogFormat, LogLevel

# How the settings describe a name that `process_name` makes.
PROCESS_NAME: Final = "the same after a restart, another for each process; HOST-PORT unless set"


def process_name(fields: dict[str, Any]) -> str:
    """A name for this process among others of its kind, from its host and the `port` of its settings.

    Several on one host differ by their ports. On port 0, which is another one each time, the process id stands in for it.
    """
    return f"{socket.gethostname()}-{fields.get('port') or os.getpid()}"


Settings = TypeVar("Settings", bound=BaseSettings)


class HttpSettings(BaseSettings):
    """What the settings of everything have that answers over HTTP. Each field is the variable ORDERCAST_<FIELD>."""

    model_config = SettingsConfigDict(env_prefix="ORDERCAST_", frozen=True, hide_input_in_errors=True)

    host: str = "127.0.0.1"
    port: int = Field(ge=0, le=65_535)
    operations_port: int | None = Field(
        default=None,
        ge=1,
        le=65_535,
        description="of /metrics and /readyz, which `port` has no longer; unset: they are there",
    )
    log_format: LogFormat = "console"
    log_level: LogLevel = Field(default="info", description="of our own lines; debug has a line for each request")
    access_log: bool = Field(default=False, description="a line for each request, with its address, at any level")
    cors_origins: str = Field(
        default="",
        description="origins whose pages may use the API from a browser, with commas between; none unless set",
    )

    # What a client can keep of a process; a line of the log and ordercast_http_refused_total tell when one of these bites.
    http_connections: int = Field(default=1_000, ge=1, description="at once; fewer where descriptors are")
    http_connections_per_address: int = Field(
        default=500, ge=1, description="at once; behind a proxy, whose address is everybody's, as many as in all"
    )
    http_head_s: int = Field(default=10, ge=1, description="seconds until a request's headers are whole")
    http_stall_s: int = Field(
        default=30, ge=1, description="seconds in which a body brings 1 KiB for each, and an answer's reader takes some"
    )
    http_idle_s: int = Field(default=5, ge=1, description="seconds between an answer and the connection's next request")

    rate_limit_processes: int = Field(
        default=1, ge=1, description="of this service, which share the limits of rate: each allows its part"
    )

    def part_of_limit(self, per_minute: int, *, least: int = 1) -> int:
        """What this process allows of a limit that all of the service have together."""
        return max(least, per_minute // self.rate_limit_processes)

    @property
    def allowed_origins(self) -> list[str]:
        return [origin for origin in (part.strip() for part in self.cors_origins.split(",")) if origin]


class ServiceSettings(HttpSettings):
    """What the settings of every service have that keeps rows and events."""

    database_url: str = Field(description="postgresql+asyncpg://user@host:port/database")
    kafka_bootstrap: str = Field(description="host:port of a broker")


class _SecretsFolder(BaseSettings):
    """ORDERCAST_SECRETS_DIR."""

    model_config = SettingsConfigDict(env_prefix="ORDERCAST_", env_ignore_empty=True, hide_input_in_errors=True)

    secrets_dir: DirectoryPath | None = None


def read_settings(settings: type[Settings]) -> Settings:
    """The settings from the environment, and from files for what is not there.

    The files lie in the folder that ORDERCAST_SECRETS_DIR names, each called as its variable in lower case, such as
    `ordercast_database_url`: the way in which Compose and Kubernetes hand secrets to a container.

    Raises:
        CannotStart: names each variable that is missing or wrong, without its value, which may be secret.
    """
    return _read(settings, _read(_SecretsFolder, None).secrets_dir)


def _read(settings: type[Settings], secrets: Path | None) -> Settings:
    try:
        return settings(_secrets_dir=secrets)
    except SettingsError as error:
        cause = error.__cause__
        reason = cause.strerror if isinstance(cause, OSError) else type(cause).__name__
        # Not chained: the cause may quote the file.
        raise CannotStart(f"ORDERCAST_SECRETS_DIR: {secrets}: {first_line(error)}: {reason}") from None
    except ValidationError as error:
        prefix = settings.model_config.get("env_prefix", "")
        problems = [
            f"{prefix}{'.'.join(str(part) for part in problem['loc'])}".upper() + f": {problem['msg']}"
            for problem in error.errors(include_input=False, include_url=False)
            if problem["type"] != "default_factory_not_called"  # follows from another problem, which is named
        ]
        raise CannotStart("; ".join(problems)) from error
