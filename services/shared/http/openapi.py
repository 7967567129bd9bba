"""The OpenAPI document of an app: FastAPI's, with every status that can come, each with the types of its problems.

What a route has in common with others follows from it: a token that it asks for may be missing (401) or of another role
(403), a body may be damaged (400, 413, 415). What is its own it names with `@raises`.
"""

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from ordercast.services.shared.http.access import ACCESS, Access, Operation
from ordercast.services.shared.http.authentication import SCHEME, caller_of
from ordercast.services.shared.http.problem import PROBLEM_JSON, ProblemTable
from ordercast.services.shared.http.raises import raised_by
from ordercast.services.shared.http.rate_limits import RateLimit
from ordercast.services.shared.problem_types.every_service import (
    BEFORE_ANY_ROUTE,
    CONTENT_TOO_LARGE,
    FORBIDDEN,
    INTERNAL_ERROR,
    INVALID_REQUEST,
    MALFORMED_BODY,
    NOT_AUTHENTICATED,
    TOO_MANY_REQUESTS,
    UNAVAILABLE,
    UNSUPPORTED_MEDIA_TYPE,
)
from ordercast.services.shared.problem_types.problem_type import ProblemType

PROBLEM_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "title": "Problem",
    "description": "Problem details (RFC 9457). `errors` names the fields of the request that are wrong.",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "examples": ["/problems/invalid-request"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "because": {
            "type": "object",
            "description": "`detail` as data: `code` names the sentence, `values` what stands in it. Not all details have it.",
            "required": ["code", "values"],
            "properties": {"code": {"type": "string"}, "values": {"type": "object"}},
        },
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}
_PROBLEM: Final = {"$ref": "#/components/schemas/Problem"}
_RETRY_AFTER: Final = {
    "Retry-After": {"description": "seconds after which to try again", "schema": {"type": "integer", "minimum": 0}}
}
_RATE_LIMIT: Final = {
    "RateLimit-Policy": {"description": "what is allowed: q in w seconds", "schema": {"type": "string"}},
    "RateLimit": {"description": "what is left of it: r, and more in t seconds", "schema": {"type": "string"}},
}
_LOCATION: Final = {"description": "the path of what was made", "required": True, "schema": {"type": "string"}}
_REPLAYED: Final = {
    "description": "true: a request with this Idempotency-Key had this answer before",
    "schema": {"type": "string", "enum": ["true"]},
}
# FastAPI's names of bounds, where a check of ours stands before them (`PLAIN_INTEGER`), and JSON Schema's.
_BOUNDS: Final = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
# What comes of the connection (services/shared/serving) and so at every route.
_BEFORE_ANY_ROUTE: Final = (
    "Errors are RFC 9457 problem+json, and the address in `type` is a page that says what to do. Before any route sees a request "
    f"it may be refused with {', '.join(f'{kind.status} (`{kind.slug}`)' for kind in BEFORE_ANY_ROUTE)}; the connection then ends."
)


def document(
    app: FastAPI,
    routes: Sequence[APIRoute],
    health: Sequence[APIRoute],
    table: ProblemTable,
    token_url: str | None,
    rate_limits: Sequence[RateLimit] = (),
    access: Mapping[Operation, Access] = ACCESS,
) -> dict[str, Any]:
    """The document of an app with these routes; with a `token_url` /docs logs in there by email and password."""
    made = get_openapi(
        title=app.title,
        version=app.version,
        description=_BEFORE_ANY_ROUTE,
        routes=app.routes,
        servers=[{"url": "/", "description": "where this document is"}],
    )
    components = made.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for replaced in ("HTTPValidationError", "ValidationError"):
        schemas.pop(replaced, None)
    schemas["Problem"] = PROBLEM_SCHEMA
    _name_bounds(made["paths"])
    limited = {(limit.method, limit.path) for limit in rate_limits}
    for route in (*routes, *health):
        kinds = _own_kinds(route, table) if route in health else [*_common_kinds(route), *_own_kinds(route, table)]
        for method in route.methods or ():
            operation = made["paths"][route.path_format][method.lower()]
            operation["summary"] = summary_of(route)
            if (allowed := access.get((method, route.path_format))) is not None:
                _describe_access(operation, allowed)
            is_limited = (method, route.path) in limited
            _describe_headers(operation, is_limited)
            _describe_problems(operation, [*kinds, *([TOO_MANY_REQUESTS] if is_limited else []), INTERNAL_ERROR])
    if token_url is not None and SCHEME in components.get("securitySchemes", {}):
        flow = {"tokenUrl": token_url, "scopes": {}}
        components["securitySchemes"][SCHEME] = {"type": "oauth2", "flows": {"password": flow}}
    return made


def _name_bounds(part: Any) -> None:
    """As JSON Schema names them: by other names nobody sees them, nor makes up requests by them."""
    if isinstance(part, dict):
        for name, bound in _BOUNDS.items():
            if isinstance(part.get(name), int | float):
                part[bound] = part.pop(name)
        part = part.values()
    elif not isinstance(part, list):
        return
    for each in part:
        _name_bounds(each)


def summary_of(route: APIRoute) -> str:
    """The first sentence of what the route says of itself."""
    first_paragraph = " ".join(route.description.split("\n\n")[0].split())
    return first_paragraph.split(". ")[0].removesuffix(".")


def _describe_access(operation: dict[str, Any], access: Access) -> None:
    """Who may do it, behind what the route says of itself."""
    reaches = {role: " (own)" if reach == "own" else "" for role, reach in access.reach.items() if reach != "none"}
    if reaches:
        roles = ", ".join(f"{role}{reach}" for role, reach in reaches.items())
        keys = f"API keys with {access.scope}" if access.scope else "no API key"
        who = f"{'Open; ' if access.open else ''}{roles}; {keys}."
        operation["description"] = f"{operation.get('description', '')}\n\n{who}".strip()


def _own_kinds(route: APIRoute, table: ProblemTable) -> list[ProblemType]:
    return [error if isinstance(error, ProblemType) else table[error] for error in raised_by(route.endpoint)]


def _common_kinds(route: APIRoute) -> list[ProblemType]:
    kinds = [INVALID_REQUEST, UNAVAILABLE]
    calls = {dependency.call for dependency in _dependencies(route.dependant)}
    if caller_of in calls:
        kinds += [NOT_AUTHENTICATED, FORBIDDEN]
    if route.body_field is not None:
        kinds += [MALFORMED_BODY, CONTENT_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE]
    return kinds


def _dependencies(dependant: Dependant) -> Iterator[Dependant]:
    for dependency in dependant.dependencies:
        yield dependency
        yield from _dependencies(dependency)


def _describe_headers(operation: dict[str, Any], is_limited: bool) -> None:
    """Of the answer to a request that made something, of one that may be repeated, and of one that may come so often."""
    takes_key = any(parameter["name"] == "idempotency-key" for parameter in operation.get("parameters", ()))
    for status, response in operation["responses"].items():
        headers: dict[str, Any] = {"Location": _LOCATION} if status == "201" else {}
        if status.startswith("2"):
            headers |= ({"Idempotency-Replayed": _REPLAYED} if takes_key else {}) | (_RATE_LIMIT if is_limited else {})
        if headers:
            response["headers"] = response.get("headers", {}) | headers


def _describe_problems(operation: dict[str, Any], kinds: Sequence[ProblemType]) -> None:
    responses = operation["responses"]
    # FastAPI describes a 422 of its own, which never comes.
    if "HTTPValidationError" in str(responses.get("422")):
        del responses["422"]
    by_status: dict[int, list[ProblemType]] = {}
    for kind in dict.fromkeys(kinds):
        by_status.setdefault(kind.status, []).append(kind)
    for status, of_status in sorted(by_status.items()):
        described = responses.setdefault(str(status), {})
        lines = [f"`{kind.slug}`: {kind.title}" for kind in of_status]
        described["description"] = "; ".join(lines) if lines else HTTPStatus(status).phrase
        types = {"type": "string", "enum": [kind.address for kind in of_status]}
        content = described.setdefault("content", {}).setdefault(PROBLEM_JSON, {})
        content["schema"] = {"allOf": [content.get("schema", _PROBLEM), {"properties": {"type": types}}]}
        if any(kind.retry_after is not None for kind in of_status):
            described["headers"] = _RETRY_AFTER | (_RATE_LIMIT if status == HTTPStatus.TOO_MANY_REQUESTS else {})
