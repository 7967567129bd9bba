"""What is answered while the database is away. Apart from the other handlers: a service without tables loads no SQLAlchemy."""

import structlog
from fastapi import FastAPI, Request, Response
from sqlalchemy.exc import SQLAlchemyError

from ordercast.first_line import first_line
from ordercast.services.shared.db.unavailable import is_unavailable
from ordercast.services.shared.http.problem import Problem
from ordercast.services.shared.problem_types.every_service import UNAVAILABLE

log = structlog.stdlib.get_logger()


def answer_for_missing_database(app: FastAPI) -> None:
    # asyncpg reports a server that refuses connections with the bare OSError.
    for infrastructure_error in (SQLAlchemyError, OSError):
        app.add_exception_handler(infrastructure_error, _answer_infrastructure_error)


async def _answer_infrastructure_error(request: Request, error: Exception) -> Response:
    if not is_unavailable(error):
        raise error
    # The cause limits these to one a second: while a server is away, every request comes here.
    log.warning("a part that the request needs is not there", path=request.url.path, cause=first_line(error))
    return Problem(UNAVAILABLE, "try again in a moment").response()
