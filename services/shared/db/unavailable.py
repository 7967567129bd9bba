"""Telling a database that is away from a statement that is wrong."""

import socket
from typing import Final

from asyncpg.exceptions import InterfaceError
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

# SQLSTATE classes and codes that say nothing of the statement: connection lost (08), out of memory, disk or connections (53),
# shutting down or starting up (57P), statement timeout (57014), serialization failure and deadlock (40).
_TRANSIENT_CODES: Final = ("08", "53", "57P", "57014", "40001", "40P01")


def is_unavailable(error: BaseException) -> bool:
    """True when the same work may succeed later: the database is away, starting, overloaded or took too long."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or _is_transient(error.orig)
    if isinstance(error, SQLAlchemyError):
        return isinstance(error, PoolTimeout)
    return _is_transient(error)


def _is_transient(error: BaseException | None) -> bool:
    if isinstance(error, ConnectionError | TimeoutError | socket.gaierror):
        return True
    if isinstance(error, InterfaceError):  # without a code: SQLAlchemy does not see what is asked of the driver itself
        return "connection is closed" in str(error)
    code = getattr(error, "sqlstate", None)
    return isinstance(code, str) and code.startswith(_TRANSIENT_CODES)
