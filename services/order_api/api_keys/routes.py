"""API keys, which machines send in place of an access token."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from ordercast.services.order_api import errors
from ordercast.services.order_api.api_keys.manage_api_keys import (
    NewApiKey,
    create_api_key,
    read_api_key,
    read_api_keys,
    revoke_api_key,
    rotate_api_key,
)
from ordercast.services.order_api.api_keys.schemas import (
    ApiKeyAnswer,
    NewApiKeyRequest,
    RotationRequest,
    ShownApiKeyAnswer,
)
from ordercast.services.order_api.wiring import CurrentService
from ordercast.services.shared.http.authentication import CurrentCaller, address_of
from ordercast.services.shared.http.paging import DEFAULT_LIMIT, Limit, Page, StartingAfter
from ordercast.services.shared.http.raises import raises
from ordercast.services.shared.http.requests import MAX_ID, PLAIN_INTEGER, PathId

router = APIRouter(tags=["API keys"])


@router.post("/api-keys", status_code=201)
@raises(errors.TokenEnded, errors.AccountNotFound, errors.AccountBlocked, errors.ScopeNotAllowed, errors.TooManyApiKeys)
async def create(
    body: NewApiKeyRequest, request: Request, caller: CurrentCaller, service: CurrentService, response: Response
) -> ShownApiKeyAnswer:
    """Makes a key of the caller's account, an admin of any. It acts as that account, for its scopes alone.

    `key` is shown in this answer and never again; send it as `Authorization: Bearer oc_...`.
    """
    new = NewApiKey(body.account_id or caller.account_id, body.name, frozenset(body.scopes), body.expires_at)
    shown = await create_api_key(service.sessions, caller, new, address_of(request))
    response.headers["Location"] = f"/api-keys/{shown.row.id}"
    return ShownApiKeyAnswer.shown(shown)


@router.get("/api-keys")
async def list_keys(
    caller: CurrentCaller,
    service: CurrentService,
    account_id: Annotated[int | None, PLAIN_INTEGER, Query(ge=1, le=MAX_ID, description="only its keys")] = None,
    limit: Limit = DEFAULT_LIMIT,
    starting_after: StartingAfter = None,
) -> Page[ApiKeyAnswer]:
    """The keys of the caller's account, or for an admin all, without their secrets."""
    keys, has_more = await read_api_keys(
        service.sessions, caller, account_id, limit=limit, starting_after=starting_after
    )
    return Page(data=[ApiKeyAnswer.of(key) for key in keys], has_more=has_more)


@router.get("/api-keys/{key_id}")
@raises(errors.ApiKeyNotFound)
async def get_key(key_id: PathId, caller: CurrentCaller, service: CurrentService) -> ApiKeyAnswer:
    """One key, without its secret."""
    return ApiKeyAnswer.of(await read_api_key(service.sessions, caller, key_id))


@router.post("/api-keys/{key_id}/rotate")
@raises(errors.TokenEnded, errors.ApiKeyNotFound, errors.ApiKeyEnded)
async def rotate(
    key_id: PathId,
    request: Request,
    caller: CurrentCaller,
    service: CurrentService,
    body: RotationRequest | None = None,
) -> ShownApiKeyAnswer:
    """Gives the key a new secret, shown in this answer alone. The one before stays good for `overlap_s`, a day unless said."""
    overlap = timedelta(seconds=(body or RotationRequest()).overlap_s)
    shown = await rotate_api_key(service.sessions, caller, key_id, overlap, address_of(request))
    service.api_keys.forget()
    return ShownApiKeyAnswer.shown(shown)


@router.delete("/api-keys/{key_id}")
@raises(errors.ApiKeyNotFound)
async def revoke(key_id: PathId, request: Request, caller: CurrentCaller, service: CurrentService) -> ApiKeyAnswer:
    """Ends the key, in every service within three seconds."""
    key = await revoke_api_key(service.sessions, caller, key_id, address_of(request))
    service.api_keys.forget()
    return ApiKeyAnswer.of(key)
