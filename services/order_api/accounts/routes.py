"""POST /accounts, GET /accounts/me, the token grants, and the public key for other services."""

from typing import Annotated

from fastapi import APIRouter, Form, Response

from ordercast.services.order_api.accounts.log_in import TokenPair
from ordercast.services.order_api.accounts.read_accounts import read_account
from ordercast.services.order_api.accounts.schemas import (
    AccountAnswer,
    PasswordGrant,
    RefreshRequest,
    SignUpRequest,
    TokenAnswer,
)
from ordercast.services.order_api.accounts.sign_up import NewAccount, sign_up
from ordercast.services.order_api.wiring import CurrentService
from ordercast.services.shared.http.authentication import CurrentCaller

router = APIRouter(tags=["accounts"])


@router.post("/accounts", status_code=201)
async def create_account(body: SignUpRequest, service: CurrentService) -> AccountAnswer:
    """Signs up a customer. Email (however cased) and nickname belong to one account only: 409."""
    new = NewAccount(body.email, body.nickname, body.password)
    return AccountAnswer.of(await sign_up(service.sessions, service.passwords, new))


@router.get("/accounts/me")
async def my_account(caller: CurrentCaller, service: CurrentService) -> AccountAnswer:
    """The caller's account."""
    return AccountAnswer.of(await read_account(service.sessions, caller.account_id))


@router.post("/auth/token")
async def log_in(form: Annotated[PasswordGrant, Form()], response: Response, service: CurrentService) -> TokenAnswer:
    """OAuth2 password grant; `username` is the email."""
    return _answer(await service.log_in.with_password(form.username, form.password), response)


@router.post("/auth/refresh")
async def refresh(body: RefreshRequest, response: Response, service: CurrentService) -> TokenAnswer:
    """The next pair of tokens. Each refresh token is good once; one that comes again ends all of its log-in."""
    return _answer(await service.log_in.with_refresh_token(body.refresh_token), response)


@router.get("/.well-known/jwks.json")
async def public_keys(service: CurrentService) -> dict[str, list[dict[str, str]]]:
    """The key that access tokens are checked with, as a JSON Web Key Set (RFC 7517)."""
    return {"keys": [dict(service.public_jwk)]}


def _answer(pair: TokenPair, response: Response) -> TokenAnswer:
    response.headers["Cache-Control"] = "no-store"  # RFC 6749, 5.1
    return TokenAnswer(access_token=pair.access_token, refresh_token=pair.refresh_token, expires_in=pair.expires_in)
