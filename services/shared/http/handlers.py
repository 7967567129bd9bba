"""Which handler answers which exception, so that every error leaves as problem+json."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.routing import Match

from ordercast.services.shared.http.problem import Problem, ProblemTable, field_errors, of_error, of_status
from ordercast.services.shared.http.requests import MAX_NAMED_ERRORS
from ordercast.services.shared.problem_types.every_service import (
    INVALID_REQUEST,
    MALFORMED_BODY,
    UNSUPPORTED_MEDIA_TYPE,
)


def add_problem_handlers(app: FastAPI, table: ProblemTable, routes: Sequence[APIRoute]) -> None:
    """Answers the errors of the table and the framework's; the rest is `Observe`'s."""

    async def answer_from_table(_: Request, error: Exception) -> Response:
        return of_error(error, table).response()

    async def answer_method_not_allowed(request: Request, error: Any) -> Response:
        # The framework names the methods of the first route with the path alone.
        of_path = [route for route in routes if route.matches(request.scope)[0] is not Match.NONE]
        methods = {method for route in of_path for method in route.methods or ()}
        headers = {"Allow": ", ".join(sorted(methods))} if methods else error.headers
        return of_status(error.status_code, error.detail, headers).response()

    for error_class in table:
        app.add_exception_handler(error_class, answer_from_table)
    app.add_exception_handler(Problem, _answer_problem)
    app.add_exception_handler(HTTPException, _answer_http_exception)
    app.add_exception_handler(HTTPStatus.METHOD_NOT_ALLOWED, answer_method_not_allowed)
    app.add_exception_handler(RequestValidationError, _answer_validation_error)


# Starlette hands each handler its class of error, and types them all as Exception: hence Any.
async def _answer_problem(_: Request, error: Any) -> Response:
    response: Response = error.response()
    return response


async def _answer_http_exception(request: Request, error: Any) -> Response:
    detail = error.detail
    if isinstance(error.__cause__, UnicodeError):
        if coding := request.headers.get("content-encoding"):
            return Problem(UNSUPPORTED_MEDIA_TYPE, f"Content-Encoding {coding[:100]!r} is not accepted here").response()
        detail = "the body is not UTF-8"
    elif (error.status_code, detail) == (HTTPStatus.NOT_FOUND, HTTPStatus.NOT_FOUND.phrase):
        detail = "there is nothing at this path: /docs shows what there is"
    return of_status(error.status_code, detail, error.headers).response()


async def _answer_validation_error(request: Request, error: Any) -> Response:
    return _validation_problem(request, error.errors()).response()


def _validation_problem(request: Request, errors: Sequence[Mapping[str, Any]]) -> Problem:
    first = errors[0]
    if first["type"] == "json_invalid":
        return Problem(MALFORMED_BODY, f"no JSON at character {first['loc'][1]}: {first['ctx']['error']}")
    content_type = request.headers.get("content-type", "")
    if first["loc"] == ("body",) and first["type"] != "missing" and "json" not in content_type:
        return Problem(UNSUPPORTED_MEDIA_TYPE, "send the header Content-Type: application/json")
    return Problem(INVALID_REQUEST, errors=field_errors(errors[:MAX_NAMED_ERRORS]))
