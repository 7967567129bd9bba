"""The caller of a request, by its access token or API key, and whether it may do what it asks for, by the table of `access.py`.

A route asks for its caller by type: `caller: CurrentCaller`.
"""

from dataclasses import replace
from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.openapi.models import HTTPBearer as BearerScheme
from fastapi.security.base import SecurityBase

from ordercast.contracts.because import sentence
from ordercast.services.shared.http.access import Access
from ordercast.services.shared.http.caller import Caller
from ordercast.services.shared.http.credentials import caller_with
from ordercast.services.shared.http.problem import Problem
from ordercast.services.shared.http.tokens import InvalidToken
from ordercast.services.shared.problem_types.every_service import FORBIDDEN, NOT_AUTHENTICATED

# The name of the token's scheme in the API's documentation.
SCHEME: Final = "access_token"


class _CallerOfRequest(SecurityBase):
    """The dependency behind `CurrentCaller`; as a security scheme it puts the lock into the API's documentation."""

    def __init__(self) -> None:
        self.model = BearerScheme(bearerFormat="JWT")
        self.scheme_name = SCHEME

    async def __call__(self, request: Request) -> Caller:
        caller = await _authenticated(request)
        access: Access = request.app.state.access[request.method, request.scope["route"].path_format]
        if caller.scopes is not None:
            _expect_scope(caller.scopes, access.scope)
        reach = access.reach[caller.role]
        if reach == "none":
            raise Problem(FORBIDDEN, sentence("only-these-roles", roles=", ".join(access.allowed)))
        return replace(caller, for_all=reach == "any", address=address_of(request))


async def _authenticated(request: Request) -> Caller:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Problem(
            NOT_AUTHENTICATED,
            "send the header Authorization: Bearer <access token or API key>",
            headers={"WWW-Authenticate": "Bearer"},
        )
    try:
        return await caller_with(request.app.state.service, token)
    except InvalidToken as error:
        challenge = f'Bearer error="invalid_token", error_description="{error}"'
        raise Problem(NOT_AUTHENTICATED, str(error), headers={"WWW-Authenticate": challenge}) from error


def address_of(request: Request) -> str | None:
    """The network address of whoever asks, behind a proxy the proxy's; None: not over TCP."""
    return request.client.host if request.client else None


def _expect_scope(scopes: frozenset[str], needed: str | None) -> None:
    """As RFC 6750, 3.1 has it. Raises Problem: 403."""
    if needed is None:
        raise Problem(FORBIDDEN, sentence("no-api-key-may"))
    if needed not in scopes:
        challenge = f'Bearer error="insufficient_scope", scope="{needed}"'
        raise Problem(FORBIDDEN, sentence("lacks-scope", scope=needed), headers={"WWW-Authenticate": challenge})


# For a route that needs the caller in some of its requests only: `await caller_of(request)`.
caller_of: Final = _CallerOfRequest()

CurrentCaller = Annotated[Caller, Depends(caller_of)]


def expect_for_all(caller: Caller) -> None:
    """For what only those may ask who may ask it of every account.

    Raises:
        Problem: 403.
    """
    if not caller.for_all:
        raise Problem(FORBIDDEN, sentence("not-this-role", role=caller.role))
