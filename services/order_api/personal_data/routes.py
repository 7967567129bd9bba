"""What is kept of a person, given out and erased."""

from typing import Any, Final

from fastapi import APIRouter, Request, Response

from ordercast.services.order_api import errors
from ordercast.services.order_api.accounts.schemas import AccountAnswer
from ordercast.services.order_api.personal_data.erase_account import erase_account, expect_password
from ordercast.services.order_api.personal_data.export_account import expect_reachable, export_account
from ordercast.services.order_api.personal_data.schemas import ErasureRequest, NdjsonResponse
from ordercast.services.order_api.wiring import CurrentService
from ordercast.services.shared.http.authentication import CurrentCaller, address_of
from ordercast.services.shared.http.party import party_of
from ordercast.services.shared.http.raises import raises
from ordercast.services.shared.http.requests import PathId

router = APIRouter(tags=["accounts"])

_LINES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {NdjsonResponse.media_type: {"schema": {"type": "string"}}}, "description": "a row in each line"}
}


@router.get("/accounts/{account_id}/export", response_class=NdjsonResponse, responses=_LINES)
@raises(errors.AccountNotFound)
async def export(account_id: PathId, caller: CurrentCaller, service: CurrentService) -> Response:
    """All that is kept of a person: the caller's own account, for an admin any. NDJSON, a row in each line with its `kind`.

    The last line is `{"kind": "end", "rows": ...}`. Hashes of secrets are left out.
    """
    await expect_reachable(service.sessions, caller, account_id)
    return NdjsonResponse(export_account(service.reading, account_id))


@router.post("/accounts/{account_id}/erasure")
@raises(
    errors.AccountNotFound,
    errors.TokenEnded,
    errors.NoLongerAdmin,
    errors.LastAdmin,
    errors.WrongPassword,
    errors.TooManyLogIns,
    errors.Overloaded,
)
async def erase(
    account_id: PathId,
    request: Request,
    caller: CurrentCaller,
    service: CurrentService,
    body: ErasureRequest | None = None,
) -> AccountAnswer:
    """Takes out for good who an account is: the caller's own, with its `password` once more, or for an admin any.

    Email, nickname, password, the shop's reference, log-ins, API keys, reviews and kept answers go; nobody can log in to it any
    more. Its id stays with its orders, so sums and features stay as they are. May be repeated.
    """
    address = address_of(request)
    if account_id == caller.account_id:
        with service.failed_log_ins.tried(f"account {account_id}", party_of(address or "")):
            await expect_password(service.sessions, service.passwords, account_id, (body and body.password) or "")
    account = await erase_account(service.sessions, caller, account_id, address)
    service.api_keys.forget()
    return AccountAnswer.of(account)
