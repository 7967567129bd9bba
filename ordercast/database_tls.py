"""How PostgreSQL is spoken to: the URL without its TLS parameters, and what the driver is told of TLS. For all clients of it.

The mode is `sslmode` of libpq. It stands in the URL (`?sslmode=`, or `?ssl=`), else in ORDERCAST_DATABASE_SSLMODE; without either
it is verify-full where there are root certificates, else the driver's own (prefer). Variables may be files of secrets:

ORDERCAST_DATABASE_SSLMODE  disable, allow, prefer, require, verify-ca, verify-full
ORDERCAST_DATABASE_CA       root certificates (PEM) for verify-ca and verify-full; the system's unless set
"""

import os
import ssl
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

from ordercast.errors import ActionableError
from ordercast.secret_variables import secret_variable

MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
# Of these a stranger between client and server learns nothing: the certificate is checked.
VERIFYING: Final = ("verify-ca", "verify-full")
PREFIX: Final = "ORDERCAST_DATABASE_"
DRIVER: Final = "postgresql+asyncpg"
# The same database by the schemes that other programs write.
SCHEMES: Final = (DRIVER, "postgresql", "postgres")


class DatabaseSettingsWrong(ActionableError):
    """A variable, or the URL, says what no client can do. The message has nothing that may be secret."""


def sqlalchemy_address(url: str, environment: Mapping[str, str] = os.environ) -> tuple[str, dict[str, Any]]:
    """The URL, and `connect_args`. Raises DatabaseSettingsWrong."""
    parts = _parts(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    in_url = query.pop("sslmode", None) or query.pop("ssl", None)
    ca = secret_variable(f"{PREFIX}CA", environment)
    mode = in_url or secret_variable(f"{PREFIX}SSLMODE", environment) or ("verify-full" if ca else None)
    address = urlunsplit(parts._replace(query=urlencode(query)))
    if mode is None:
        return address, {}
    if mode not in MODES:
        where = "the database's URL" if in_url else f"{PREFIX}SSLMODE"
        raise DatabaseSettingsWrong(f"{where} has the sslmode {mode!r}", hint=f"one of {', '.join(MODES)}")
    return address, {"ssl": _context(mode, ca) if mode in VERIFYING else mode}


def asyncpg_address(url: str, environment: Mapping[str, str] = os.environ) -> tuple[str, dict[str, Any]]:
    """The same for asyncpg itself. Raises DatabaseSettingsWrong."""
    address, tls = sqlalchemy_address(url, environment)
    return address.replace(DRIVER, "postgresql", 1), tls


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # is read only now
    except ValueError:
        parts = None
    if parts is None or parts.scheme not in SCHEMES:
        raise DatabaseSettingsWrong(
            "the database's URL is none of PostgreSQL",
            hint=f"it looks like {DRIVER}://user:password@host:5432/database",
        )
    return parts._replace(scheme=DRIVER)


def _context(mode: str, ca: str | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cadata=ca)
    except ssl.SSLError as error:
        raise DatabaseSettingsWrong(f"{PREFIX}CA holds no certificates in PEM") from error
    context.check_hostname = mode == "verify-full"
    return context
