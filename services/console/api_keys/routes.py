"""API keys of an account: an admin makes one, which is shown once, and ends one after asking."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from ordercast.client.account_answers import ApiKey
from ordercast.services.console.accounts.routes import ask_about
from ordercast.services.console.api_keys.read_key import read_key
from ordercast.services.console.api_keys.schemas import KEY_DAYS, KeyForm
from ordercast.services.console.log_in.log_ins import LogIn
from ordercast.services.console.log_in.schemas import Form as AnyForm
from ordercast.services.console.pages import Admin, check_form, go_to
from ordercast.services.console.parts import ACTION_DEADLINE_S, Missing, ask
from ordercast.services.shared.http.access import scopes_of
from ordercast.services.shared.http.caller import ROLES
from ordercast.services.shared.http.requests import PathId

router = APIRouter()


@router.get("/accounts/{account_id}/keys/new")
async def ask_for_key(request: Request, log_in: Admin, account_id: PathId) -> Response:
    return await _ask_for_key(request, log_in, account_id, KeyForm())


@router.post("/accounts/{account_id}/keys/new")
async def make_key(request: Request, log_in: Admin, account_id: PathId, form: Annotated[KeyForm, Form()]) -> Response:
    """The key stands on the answer itself: it is told once, and only its hash is kept."""
    check_form(request, form.csrf)
    ends = datetime.now(UTC) + timedelta(days=int(form.days)) if form.days else None
    making = log_in.client.order_api.create_api_key(form.name, form.scopes, account_id=account_id, expires_at=ends)
    made = await ask("order_api", making, within_s=ACTION_DEADLINE_S)
    if isinstance(made, Missing):
        return await _ask_for_key(request, log_in, account_id, form, failed=made)
    return await _ask_for_key(request, log_in, account_id, form, made=made)


@router.get("/accounts/{account_id}/keys/{key_id}/revoke")
async def ask_to_revoke(request: Request, log_in: Admin, account_id: PathId, key_id: PathId) -> Response:
    return await _ask_to_revoke(request, log_in, account_id, key_id)


@router.post("/accounts/{account_id}/keys/{key_id}/revoke")
async def revoke(
    request: Request, log_in: Admin, account_id: PathId, key_id: PathId, form: Annotated[AnyForm, Form()]
) -> Response:
    check_form(request, form.csrf)
    done = await ask("order_api", log_in.client.order_api.revoke_api_key(key_id), within_s=ACTION_DEADLINE_S)
    if isinstance(done, Missing):
        return await _ask_to_revoke(request, log_in, account_id, key_id, done)
    return go_to(f"/accounts/{account_id}#keys")


async def _ask_to_revoke(
    request: Request, log_in: LogIn, account_id: int, key_id: int, failed: Missing | None = None
) -> Response:
    key = await read_key(log_in.client, account_id, key_id)
    refused = key.status if isinstance(key, Missing) else 200
    return await ask_about(
        request, log_in, account_id, "key_revoke.html", failed, refused=refused, key_id=key_id, key=key
    )


async def _ask_for_key(
    request: Request,
    log_in: LogIn,
    account_id: int,
    form: KeyForm,
    *,
    failed: Missing | None = None,
    made: ApiKey | None = None,
) -> Response:
    by_role = {role: sorted(scopes_of(role)) for role in ROLES}
    return await ask_about(
        request, log_in, account_id, "key_new.html", failed, form=form, made=made, scopes=by_role, days=KEY_DAYS
    )
