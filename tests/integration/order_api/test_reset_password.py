"""Codes to reset passwords with, over HTTP on a real database."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from ordercast.services.order_api.accounts.tables import Account, PasswordReset
from tests.support.order_api import PASSWORD, Member, RunningApi, TokenKeys, running_order_api

NEW_PASSWORD = "another horse battery"


async def log_in(api: RunningApi, member: Member, password: str) -> httpx.Response:
    return await api.client.post("/auth/token", data={"username": member.email, "password": password})


async def ask(api: RunningApi, admin: Member, account_id: int) -> httpx.Response:
    return await api.client.post(f"/accounts/{account_id}/password-reset", headers=admin.headers)


async def use(api: RunningApi, email: str, code: str, password: str = NEW_PASSWORD) -> httpx.Response:
    body = {"email": email, "code": code, "new_password": password}
    return await api.client.post("/auth/password-reset", json=body)


async def code_for(api: RunningApi, admin: Member, account_id: int) -> str:
    answer = await ask(api, admin, account_id)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["code"])


async def kinds(api: RunningApi, admin: Member, account_id: int) -> list[Any]:
    answer = await api.client.get("/audit", params={"account_id": account_id}, headers=admin.headers)
    return [(line["kind"], line["account_id"]) for line in answer.json()["data"]]


async def test_a_code_sets_a_new_password_and_ends_every_log_in(api: RunningApi) -> None:
    admin, ann, bob = await api.admin(), await api.customer(), await api.customer()
    before, of_bob = await log_in(api, ann, PASSWORD), await log_in(api, bob, PASSWORD)
    asked = await ask(api, admin, ann.id)
    assert asked.headers["cache-control"] == "no-store"
    ends_at = datetime.fromisoformat(asked.json()["expires_at"])
    assert abs(ends_at - (datetime.now(UTC) + timedelta(hours=1))) < timedelta(minutes=5)
    assert (await log_in(api, ann, PASSWORD)).status_code == 200  # until it is used nothing changes

    used = await use(api, ann.email.upper(), f" {asked.json()['code'].lower().replace('-', ' ')} ")

    assert (used.status_code, used.content) == (204, b"")
    assert (await log_in(api, ann, PASSWORD)).status_code == 401
    assert (await log_in(api, ann, NEW_PASSWORD)).status_code == 200
    for answer, status in ((before, 401), (of_bob, 200)):
        body = {"refresh_token": answer.json()["refresh_token"]}
        assert (await api.client.post("/auth/refresh", json=body)).status_code == status
    async with api.service.sessions() as session:
        assert await session.scalar(select(Account.token_version).where(Account.id == ann.id)) == 1
    found = await kinds(api, admin, ann.id)
    assert ("password-reset", None) in found
    assert ("password-reset-asked", admin.id) in found


async def test_a_code_is_kept_as_a_hash_alone(api: RunningApi) -> None:
    admin, ann = await api.admin(), await api.customer()
    code = await code_for(api, admin, ann.id)
    async with api.service.sessions() as session:
        [kept] = await session.scalars(select(PasswordReset.code_hash))
    assert len(kept) == 32
    assert code.replace("-", "").encode() not in kept


async def test_a_code_is_good_once_also_when_it_comes_twice_at_the_same_moment(api: RunningApi) -> None:
    admin, ann = await api.admin(), await api.customer()
    code = await code_for(api, admin, ann.id)
    assert (await use(api, ann.email, code, "passwordpassword")).json()["type"] == "/problems/weak-password"
    answers = await asyncio.gather(*(use(api, ann.email, code, f"{NEW_PASSWORD} {number}") for number in range(3)))
    assert sorted(answer.status_code for answer in answers) == [204, 422, 422]
    assert (await use(api, ann.email, code)).status_code == 422


async def test_a_code_that_is_wrong_old_replaced_or_anothers_says_the_same_and_nothing_of_accounts(
    api: RunningApi,
) -> None:
    admin, ann, bob = await api.admin(), await api.customer(), await api.customer()
    replaced, of_bob = await code_for(api, admin, ann.id), await code_for(api, admin, bob.id)
    old = await code_for(api, admin, ann.id)
    answers = [
        await use(api, ann.email, replaced),
        await use(api, ann.email, of_bob),
        await use(api, ann.email, ""),
        await use(api, "nobody@example.com", old),
    ]
    async with api.service.sessions() as session, session.begin():
        await session.execute(update(PasswordReset).values(expires_at=datetime.now(UTC)))
    answers.append(await use(api, ann.email, old))
    assert {(answer.status_code, answer.text) for answer in answers} == {(422, answers[0].text)}
    assert answers[0].json()["type"] == "/problems/invalid-reset-code"
    assert (await log_in(api, ann, PASSWORD)).status_code == 200


@pytest.mark.parametrize("known", [True, False])
async def test_wrong_codes_are_limited_alike_with_and_without_an_account(api: RunningApi, known: bool) -> None:
    admin, ann = await api.admin(), await api.customer()
    code = await code_for(api, admin, ann.id)
    email = ann.email if known else "nobody@example.com"
    guesses = [await use(api, email, "AAAAA-BBBBB-CCCCC-DDDDD") for _ in range(10)]
    assert {guess.status_code for guess in guesses} == {422}
    limited = await use(api, email, code)
    assert limited.status_code == 429
    assert int(limited.headers["retry-after"]) > 0


async def test_only_admins_ask_for_codes_of_accounts_that_have_a_password(
    database_url: str, token_keys: TokenKeys
) -> None:
    async with running_order_api(database_url, token_keys, reset_code_minutes=5) as api:
        admin, ann = await api.admin(), await api.customer()
        async with api.service.sessions() as session, session.begin():
            session.add(imported := Account(nickname="x", role="CUSTOMER", login_type="EXTERNAL", account_ref="x"))
        assert (await ask(api, ann, ann.id)).status_code == 403
        assert (await ask(api, admin, imported.id)).json()["type"] == "/problems/account-without-login"
        assert (await ask(api, admin, 1_000_000)).status_code == 404
        ends_at = datetime.fromisoformat((await ask(api, admin, ann.id)).json()["expires_at"])
        assert ends_at < datetime.now(UTC) + timedelta(minutes=6)
