"""Runs a transaction again that PostgreSQL rolled back for the sake of another one."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from sqlalchemy.exc import DBAPIError

# serialization_failure and deadlock_detected: the server says that the same transaction may pass at the next try.
CONFLICTS: Final = frozenset({"40001", "40P01"})
# A transaction that loses this often meets something that trying again does not fix.
ATTEMPTS: Final = 5

Result = TypeVar("Result")


async def retry_conflicts(transaction: Callable[[], Awaitable[Result]]) -> Result:
    """The result of `transaction`, which opens and commits its own session at each try."""
    for _ in range(ATTEMPTS - 1):
        try:
            return await transaction()
        except DBAPIError as error:
            if sqlstate(error) not in CONFLICTS:
                raise
    return await transaction()


def sqlstate(error: DBAPIError) -> str | None:
    """PostgreSQL's code of the error (appendix A of its manual), or None where the connection failed."""
    return getattr(error.orig, "sqlstate", None)
