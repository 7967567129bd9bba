"""The caller of a request, by its access token.

A route asks for its caller by type: `caller: CurrentCaller`, or `CurrentAdmin` where only admins may come in.
"""

from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.openapi.models import HTTPBearer as BearerScheme
from fastapi.security.base import SecurityBase

from ordercast.services.shared.http.caller import Caller
from ordercast.services.shared.http.problem import FORBIDDEN, NOT_AUTHENTICATED, Problem
from ordercast.services.shared.http.tokens import InvalidToken, TokenVerifier

# The name of the token's scheme in the API's documentation.
SCHEME: Final = "access_token"


class _CallerOfRequest(SecurityBase):
    """The dependency behind `CurrentCaller`; as a security scheme it puts the lock into the API's documentation."""

    def __init__(self) -> None:
        self.model = BearerScheme(bearerFormat="JWT")
        self.scheme_name = SCHEME

    async def __call__(self, request: Request) -> Caller:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Problem(
                NOT_AUTHENTICATED,
                "send the header Authorization: Bearer <access token>",
                headers={"WWW-Authenticate": "Bearer"},
            )
        verifier: TokenVerifier = request.app.state.service.verifier
        try:
            return verifier.verify(token)
        except InvalidToken as error:
            challenge = f'Bearer error="invalid_token", error_description="{error}"'
            raise Problem(NOT_AUTHENTICATED, str(error), headers={"WWW-Authenticate": challenge}) from error


# For a route that needs the caller in some of its requests only: `await caller_of(request)`.
caller_of: Final = _CallerOfRequest()

CurrentCaller = Annotated[Caller, Depends(caller_of)]


async def admin_of(caller: CurrentCaller) -> Caller:
    if not caller.is_admin:
        raise Problem(FORBIDDEN, "only an admin may do this")
    return caller


CurrentAdmin = Annotated[Caller, Depends(admin_of)]
