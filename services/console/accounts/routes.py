"""The accounts in a table and a page for each; an admin gives roles, blocks and unblocks, after asking."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response

from ordercast.client.account_answers import Account
from ordercast.services.console.accounts.read_accounts import read_account, read_accounts
from ordercast.services.console.accounts.schemas import AccountQuestion, AccountsQuestion, BlockForm, RoleForm
from ordercast.services.console.log_in.log_ins import LogIn
from ordercast.services.console.pages import Admin, Operator, check_form, go_to, page
from ordercast.services.console.parts import ACTION_DEADLINE_S, Missing, ask, is_missing, status_of
from ordercast.services.console.schemas import query_of
from ordercast.services.shared.http.caller import ROLES
from ordercast.services.shared.http.requests import PathId, in_query

router = APIRouter()

Asked = Annotated[AccountsQuestion, in_query(AccountsQuestion)]
AskedOfOne = Annotated[AccountQuestion, in_query(AccountQuestion)]


@router.get("/accounts")
async def show_accounts(request: Request, log_in: Operator, asked: Asked) -> Response:
    found = await read_accounts(log_in.client, **asked.filters())
    next_page = None
    if not isinstance(found, Missing) and found.has_more:
        next_page = "/accounts?" + query_of(asked, starting_after=found.data[-1].id)
    return page(
        request,
        "accounts.html",
        status_of(found),
        found=found,
        as_of=datetime.now(UTC),
        asked=asked,
        missing=is_missing,
        roles=ROLES,
        first_page="/accounts?" + query_of(asked, starting_after=None),
        next_page=next_page,
        same=query_of(asked),
    )


@router.get("/accounts/{account_id}")
async def show_account(request: Request, log_in: Operator, account_id: PathId, asked: AskedOfOne) -> Response:
    own = account_id == log_in.account.id
    found = await read_account(
        log_in.client,
        account_id,
        for_admin=log_in.is_admin,
        own=own,
        audit_after=asked.audit_after,
        keys_after=asked.keys_after,
    )
    return page(
        request,
        "account.html",
        found.account.status if isinstance(found.account, Missing) else 200,
        account_id=account_id,
        found=found,
        asked=asked,
        own=own,
        missing=is_missing,
    )


@router.get("/accounts/{account_id}/role")
async def ask_for_role(request: Request, log_in: Admin, account_id: PathId) -> Response:
    return await ask_about(request, log_in, account_id, "account_role.html", role=None, roles=ROLES)


@router.post("/accounts/{account_id}/role")
async def give_role(request: Request, log_in: Admin, account_id: PathId, form: Annotated[RoleForm, Form()]) -> Response:
    check_form(request, form.csrf)
    done = await _change(log_in, account_id, form.known, role=form.role)
    if isinstance(done, Missing):
        return await ask_about(request, log_in, account_id, "account_role.html", done, role=form.role, roles=ROLES)
    return go_to(f"/accounts/{account_id}")


@router.get("/accounts/{account_id}/block")
async def ask_to_block(request: Request, log_in: Admin, account_id: PathId) -> Response:
    return await ask_about(request, log_in, account_id, "account_block.html")


@router.post("/accounts/{account_id}/block")
async def block(request: Request, log_in: Admin, account_id: PathId, form: Annotated[BlockForm, Form()]) -> Response:
    """What is to hold comes with the form: if somebody else has done it meanwhile, it is not turned round."""
    check_form(request, form.csrf)
    done = await _change(log_in, account_id, form.known, blocked=form.blocked)
    if isinstance(done, Missing):
        return await ask_about(request, log_in, account_id, "account_block.html", done)
    return go_to(f"/accounts/{account_id}")


async def _change(log_in: LogIn, account_id: int, known: str, **changes: Any) -> Account | Missing:
    changing = log_in.client.edits.change_account(account_id, known, **changes)
    return await ask("order_api", changing, within_s=ACTION_DEADLINE_S)


async def ask_about(
    request: Request,
    log_in: LogIn,
    account_id: int,
    template: str,
    failed: Missing | None = None,
    *,
    refused: int = 200,
    **values: Any,
) -> Response:
    """A page that asks before something is done to the account. `refused`: as which it answers what the console itself refuses."""
    found = await ask("order_api", log_in.client.edits.account(account_id))
    status = failed.status if failed else found.status if isinstance(found, Missing) else refused
    account, known = (found, "") if isinstance(found, Missing) else found
    return page(
        request,
        template,
        status,
        account_id=account_id,
        account=account,
        known=known,
        failed=failed,
        missing=is_missing,
        **values,
    )
