"""POST /accounts, GET /accounts/me, what admins do with accounts, the token grants, and the public key for other services."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response

from ordercast.services.order_api import errors
from ordercast.services.order_api.accounts.log_in import TokenPair
from ordercast.services.order_api.accounts.manage_accounts import AccountChange, change_account, tag_of
from ordercast.services.order_api.accounts.read_accounts import (
    AccountFilter,
    read_account,
    read_accounts,
    read_own_account,
)
from ordercast.services.order_api.accounts.schemas import (
    AccountAnswer,
    AccountChangeRequest,
    KnownEmail,
    PasswordChange,
    PasswordGrant,
    PasswordResetRequest,
    RefreshRequest,
    ResetCodeAnswer,
    SignUpRequest,
    TokenAnswer,
)
from ordercast.services.order_api.accounts.sign_up import NewAccount, sign_up
from ordercast.services.order_api.wiring import CurrentService
from ordercast.services.shared.http.authentication import CurrentCaller, address_of
from ordercast.services.shared.http.caller import Role
from ordercast.services.shared.http.if_match import TAGGED, IfMatch
from ordercast.services.shared.http.paging import DEFAULT_LIMIT, Ids, Limit, Page, StartingAfter, ids_of
from ordercast.services.shared.http.party import party_of
from ordercast.services.shared.http.raises import raises
from ordercast.services.shared.http.requests import PathId, StoredText
from ordercast.services.shared.http.token_keys import jwk_of

router = APIRouter(tags=["accounts"])


@router.post("/accounts", status_code=201)
@raises(errors.AccountTaken, errors.WeakPassword, errors.Overloaded)
async def create_account(body: SignUpRequest, response: Response, service: CurrentService) -> AccountAnswer:
    """Signs up a customer. Email and nickname belong to one account only: 409.

    However they are written: letters may be large or small, composed or not, a domain in Unicode or in ASCII. A nickname holds no
    invisible characters (RFC 8266). A password is none that is easily guessed."""
    new = NewAccount(body.email, body.nickname, body.password)
    response.headers["Location"] = "/accounts/me"
    return AccountAnswer.of(await sign_up(service.sessions, service.passwords, new))


@router.get("/accounts/me")
@raises(errors.UnknownAccount)
async def my_account(caller: CurrentCaller, service: CurrentService) -> AccountAnswer:
    """The caller's account."""
    return AccountAnswer.of(await read_own_account(service.sessions, caller.account_id))


@router.post("/accounts/me/password")
@raises(
    errors.UnknownAccount,
    errors.AccountBlocked,
    errors.WrongPassword,
    errors.WeakPassword,
    errors.TooManyLogIns,
    errors.LogInsTooFrequent,
    errors.Overloaded,
)
async def change_password(
    body: PasswordChange, request: Request, response: Response, caller: CurrentCaller, service: CurrentService
) -> TokenAnswer:
    """Changes the caller's password. Every other log-in of the account ends; go on with the tokens of the answer.

    Access tokens that were given before end within seconds. API keys go on unless `revoke_api_keys` is true. As many old passwords
    may be wrong in a minute as at log-in, and as many right: 429.
    """
    address = address_of(request)
    with service.log_in_limits.tried(f"account {caller.account_id}", party_of(address or "")) as headers:
        pair = await service.log_in.with_new_password(
            caller.account_id, body.old_password, body.new_password, address, revoke_api_keys=body.revoke_api_keys
        )
    if body.revoke_api_keys:
        service.api_keys.forget()
    response.headers.update(headers)
    return _answer(pair, response)


@router.get("/accounts")
async def list_accounts(
    _: CurrentCaller,
    service: CurrentService,
    role: Role | None = None,
    blocked: Annotated[bool | None, Query(description="only those that are blocked, or only the others")] = None,
    search: Annotated[
        StoredText | None,
        Query(min_length=1, max_length=200, description="a part of email, nickname or account_ref, however cased"),
    ] = None,
    email: Annotated[KnownEmail | None, Query(description="the account that logs in with this email")] = None,
    account_ref: Annotated[
        StoredText | None, Query(max_length=255, description="the shop's own name, to the letter")
    ] = None,
    ids: Ids | None = None,
    limit: Limit = DEFAULT_LIMIT,
    starting_after: StartingAfter = None,
) -> Page[AccountAnswer]:
    """All accounts, or those that the filters leave, in the order in which they were made."""
    wanted = AccountFilter(role, blocked, search, email, account_ref, ids_of(ids) if ids else None)
    accounts, has_more = await read_accounts(service.sessions, wanted, limit=limit, starting_after=starting_after)
    return Page(data=[AccountAnswer.of(account) for account in accounts], has_more=has_more)


@router.get("/accounts/{account_id}", responses=TAGGED)
@raises(errors.AccountNotFound)
async def get_account(
    account_id: PathId, _: CurrentCaller, service: CurrentService, response: Response
) -> AccountAnswer:
    """One account. Its ETag goes into If-Match of a change."""
    account = await read_account(service.sessions, account_id)
    response.headers["ETag"] = tag_of(account)
    return AccountAnswer.of(account)


@router.patch("/accounts/{account_id}", responses=TAGGED)
@raises(
    errors.TokenEnded,
    errors.AccountNotFound,
    errors.NoLongerAdmin,
    errors.LastAdmin,
    errors.CannotLogIn,
    errors.AccountErased,
    errors.AccountChanged,
)
async def change(
    account_id: PathId,
    body: AccountChangeRequest,
    request: Request,
    response: Response,
    admin: CurrentCaller,
    service: CurrentService,
    if_match: IfMatch = None,
) -> AccountAnswer:
    """Gives the account a role, blocks or unblocks it.

    A blocked account cannot log in, and its refresh tokens end now. Its access tokens, as those with the role before, end within
    seconds. The last admin can neither be blocked nor demoted: 409. With If-Match only if its role and its block are as in
    the answer with that ETag: 412.
    """
    change = AccountChange(body.role, body.blocked, if_match)
    changed = await change_account(service.sessions, admin, account_id, change, address_of(request))
    response.headers["ETag"] = tag_of(changed)
    return AccountAnswer.of(changed)


@router.post("/accounts/{account_id}/password-reset")
@raises(errors.TokenEnded, errors.AccountNotFound, errors.NoLongerAdmin, errors.CannotLogIn)
async def new_reset_code(
    account_id: PathId, request: Request, response: Response, admin: CurrentCaller, service: CurrentService
) -> ResetCodeAnswer:
    """A code with which the account's owner sets a new password: told this once, good once and for an hour. Hand it over to
    nobody else. One from before is good no more."""
    response.headers["Cache-Control"] = "no-store"
    new = await service.reset_password.new_code(admin, account_id, address_of(request))
    return ResetCodeAnswer(code=new.code, expires_at=new.expires_at)


@router.post("/auth/password-reset", status_code=204)
@raises(errors.InvalidResetCode, errors.WeakPassword, errors.TooManyLogIns, errors.Overloaded)
async def reset_password(body: PasswordResetRequest, request: Request, service: CurrentService) -> None:
    """Sets a new password by a code that an admin asked for; every log-in of the account ends, and every API key.

    As many may fail in a minute as log-ins: 429, whether or not there is an account.
    """
    address = address_of(request)
    with service.failed_log_ins.tried(body.email, party_of(address or "")):
        await service.reset_password.use_code(body.email, body.code, body.new_password, address)
    service.api_keys.forget()


@router.post("/auth/token")
@raises(
    errors.InvalidCredentials, errors.AccountBlocked, errors.TooManyLogIns, errors.LogInsTooFrequent, errors.Overloaded
)
async def log_in(
    form: Annotated[PasswordGrant, Form()], request: Request, response: Response, service: CurrentService
) -> TokenAnswer:
    """OAuth2 password grant; `username` is the email. So many may fail in a minute: 429, whether or not there is an account.

    And so many may succeed, for each costs a password's hash: refresh the tokens instead.
    """
    address = address_of(request)
    with service.log_in_limits.tried(form.username, party_of(address or "")) as headers:
        pair = await service.log_in.with_password(form.username, form.password, address)
    response.headers.update(headers)
    return _answer(pair, response)


@router.post("/auth/refresh")
@raises(errors.InvalidRefreshToken)
async def refresh(body: RefreshRequest, request: Request, response: Response, service: CurrentService) -> TokenAnswer:
    """The next pair of tokens. Each refresh token is good once; one that comes again ends all of its log-in."""
    return _answer(await service.log_in.with_refresh_token(body.refresh_token, address_of(request)), response)


@router.post("/auth/log-out", status_code=204)
async def log_out(body: RefreshRequest, request: Request, service: CurrentService) -> None:
    """Ends the log-in that the refresh token is of: no token of it can be refreshed. Whoever is logged out already stays so.

    Its access tokens, and streams that were opened with them, end within seconds. Other log-ins of the account go on.
    """
    await service.log_in.out(body.refresh_token, address_of(request))


@router.get("/.well-known/jwks.json")
async def public_keys(service: CurrentService) -> dict[str, list[dict[str, str]]]:
    """The key that access tokens are checked with, as a JSON Web Key Set (RFC 7517)."""
    return {"keys": [jwk_of(key.key) for key in service.verifier.keys]}


def _answer(pair: TokenPair, response: Response) -> TokenAnswer:
    response.headers["Cache-Control"] = "no-store"  # RFC 6749, 5.1
    return TokenAnswer(access_token=pair.access_token, refresh_token=pair.refresh_token, expires_in=pair.expires_in)
