"""What admins do for whoever an account is: a code for a new password, all that is kept of a person, and its erasure."""

from collections.abc import AsyncIterator
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import StreamingResponse

from ordercast.services.console.accounts.routes import ask_about
from ordercast.services.console.log_in.schemas import Form as AnyForm
from ordercast.services.console.pages import Admin, check_form, go_to, page
from ordercast.services.console.parts import ACTION_DEADLINE_S, Missing, ask, is_missing
from ordercast.services.console.personal_data.schemas import EraseForm
from ordercast.services.shared.http.requests import PathId

router = APIRouter()

_MISTYPED: Final = 422


@router.get("/accounts/{account_id}/reset-code")
async def ask_for_code(request: Request, log_in: Admin, account_id: PathId) -> Response:
    return await ask_about(request, log_in, account_id, "account_reset.html", code=None)


@router.post("/accounts/{account_id}/reset-code")
async def make_code(request: Request, log_in: Admin, account_id: PathId, form: Annotated[AnyForm, Form()]) -> Response:
    """The code stands on the answer itself: it is told once, and kept nowhere."""
    check_form(request, form.csrf)
    code = await ask("order_api", log_in.client.order_api.new_reset_code(account_id), within_s=ACTION_DEADLINE_S)
    if isinstance(code, Missing):
        return await ask_about(request, log_in, account_id, "account_reset.html", code, code=None)
    return await ask_about(request, log_in, account_id, "account_reset.html", code=code)


@router.get("/accounts/{account_id}/export.ndjson")
async def export(request: Request, log_in: Admin, account_id: PathId) -> Response:
    """As order_api writes it. What cannot be begun is a page that says why."""
    lines = log_in.client.order_api.export_account(account_id)
    first = await ask("order_api", anext(lines), within_s=ACTION_DEADLINE_S)
    if isinstance(first, Missing):
        return page(
            request, "account_missing.html", first.status, account_id=account_id, part=first, missing=is_missing
        )

    async def table() -> AsyncIterator[bytes]:
        yield first
        async for line in lines:
            yield line

    headers = {
        "Content-Disposition": f'attachment; filename="account-{account_id}.ndjson"',
        "Cache-Control": "no-store",
    }
    return StreamingResponse(table(), headers=headers, media_type="application/x-ndjson")


@router.get("/accounts/{account_id}/erase")
async def ask_to_erase(request: Request, log_in: Admin, account_id: PathId) -> Response:
    return await ask_about(request, log_in, account_id, "account_erase.html", typed="", mistyped=False)


@router.post("/accounts/{account_id}/erase")
async def erase(request: Request, log_in: Admin, account_id: PathId, form: Annotated[EraseForm, Form()]) -> Response:
    check_form(request, form.csrf)
    account = await ask("order_api", log_in.client.order_api.account(account_id))
    template = "account_erase.html"
    if isinstance(account, Missing):
        return await ask_about(request, log_in, account_id, template, account, typed=form.nickname, mistyped=False)
    if form.nickname.strip() != account.nickname:
        return await ask_about(
            request, log_in, account_id, template, refused=_MISTYPED, typed=form.nickname, mistyped=True
        )
    done = await ask("order_api", log_in.client.order_api.erase_account(account_id), within_s=ACTION_DEADLINE_S)
    if isinstance(done, Missing):
        return await ask_about(request, log_in, account_id, template, done, typed=form.nickname, mistyped=False)
    return go_to(f"/accounts/{account_id}")
