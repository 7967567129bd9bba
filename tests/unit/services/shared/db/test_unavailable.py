"""Which errors of the database are worth trying again: only those that say nothing of the statement."""

import socket

import pytest
from asyncpg import exceptions as asyncpg_errors
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.exc import DBAPIError, InvalidRequestError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ordercast.services.shared.db.unavailable import is_unavailable


def wrapped(error: asyncpg_errors.PostgresError) -> DBAPIError:
    """The error as SQLAlchemy hands it on."""
    return DBAPIError("SELECT 1", {}, AsyncAdapt_asyncpg_dbapi.Error("message", error))  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(),
        ConnectionResetError(),
        TimeoutError(),
        socket.gaierror(),
        PoolTimeout(),
        wrapped(asyncpg_errors.ConnectionDoesNotExistError()),
        wrapped(asyncpg_errors.CannotConnectNowError()),
        wrapped(asyncpg_errors.AdminShutdownError()),
        wrapped(asyncpg_errors.TooManyConnectionsError()),
        wrapped(asyncpg_errors.DiskFullError()),
        wrapped(asyncpg_errors.QueryCanceledError()),
        wrapped(asyncpg_errors.DeadlockDetectedError()),
        DBAPIError("SELECT 1", {}, Exception("gone"), connection_invalidated=True),
        asyncpg_errors.InterfaceError("cannot call Connection.copy_from_query(): connection is closed"),
    ],
)
def test_a_database_that_is_away_or_overloaded_is_unavailable(error: Exception) -> None:
    assert is_unavailable(error)


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(),
        PermissionError(),
        ValueError(),
        asyncpg_errors.InterfaceError("cannot perform operation: another operation is in progress"),
        InvalidRequestError(),
        wrapped(asyncpg_errors.UniqueViolationError()),
        wrapped(asyncpg_errors.UndefinedTableError()),
        wrapped(asyncpg_errors.NumericValueOutOfRangeError()),
        DBAPIError("SELECT 1", {}, Exception("whatever")),
    ],
)
def test_a_statement_that_is_wrong_stays_wrong(error: Exception) -> None:
    assert not is_unavailable(error)
