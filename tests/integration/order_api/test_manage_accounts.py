"""What admins do with accounts, and the own password, over HTTP on a real database."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from ordercast.services.order_api.accounts.tables import Account
from ordercast.services.shared.http.caller import Caller, Role
from tests.support.lock_waits import until_somebody_waits_for_a_lock
from tests.support.order_api import PASSWORD, Member, RunningApi

NEW_PASSWORD = "another horse battery"


async def log_in(api: RunningApi, member: Member, password: str = PASSWORD) -> httpx.Response:
    return await api.client.post("/auth/token", data={"username": member.email, "password": password})


async def refresh(api: RunningApi, log_in_answer: httpx.Response) -> httpx.Response:
    token = log_in_answer.json()["refresh_token"]
    return await api.client.post("/auth/refresh", json={"refresh_token": token})


async def change(api: RunningApi, admin: Member, account_id: int, **fields: Any) -> httpx.Response:
    return await api.client.patch(f"/accounts/{account_id}", json=fields, headers=admin.headers)


async def change_password(api: RunningApi, member: Member, old: str, new: str = NEW_PASSWORD) -> httpx.Response:
    body = {"old_password": old, "new_password": new}
    return await api.client.post("/accounts/me/password", json=body, headers=member.headers)


async def found(api: RunningApi, admin: Member, **params: Any) -> list[int]:
    answer = await api.client.get("/accounts", params=params, headers=admin.headers)
    assert answer.status_code == 200, answer.text
    return [account["id"] for account in answer.json()["data"]]


async def imported(api: RunningApi, ref: str) -> int:
    async with api.service.sessions() as session, session.begin():
        account = Account(nickname=f"of {ref}", role="CUSTOMER", login_type="EXTERNAL", account_ref=ref)
        session.add(account)
        await session.flush()
        return account.id


async def test_a_role_is_not_given_over_one_that_another_admin_gave_meanwhile(api: RunningApi) -> None:
    admin, ann = await api.admin(), await api.customer()
    path = f"/accounts/{ann.id}"
    seen = (await api.client.get(path, headers=admin.headers)).headers["etag"]
    answers = [
        await api.client.patch(path, json=body, headers=admin.headers | {"If-Match": seen})
        for body in ({"role": "OPERATOR"}, {"role": "SERVICE"}, {"blocked": True})
    ]
    assert [answer.status_code for answer in answers] == [200, 412, 412]
    assert answers[1].json()["type"] == "/problems/account-changed"
    after = answers[0].headers["etag"]
    blocked = await api.client.patch(path, json={"blocked": True}, headers=admin.headers | {"If-Match": after})
    assert blocked.status_code == 200
    assert blocked.headers["etag"] not in (seen, after)
    assert (await api.client.get(path, headers=admin.headers)).headers["etag"] == blocked.headers["etag"]
    unblocked = await api.client.patch(path, json={"blocked": False}, headers=admin.headers)
    assert unblocked.headers["etag"] == after  # role and block are as they were then


async def test_accounts_are_listed_filtered_and_found(api: RunningApi) -> None:
    admin, ann, bob = await api.admin(), await api.customer(), await api.customer()
    shop = await imported(api, "100%_Shop")
    await change(api, admin, bob.id, blocked=True)

    assert await found(api, admin) == [admin.id, ann.id, bob.id, shop]
    assert await found(api, admin, role="ADMIN") == [admin.id]
    assert await found(api, admin, blocked="true") == [bob.id]
    assert await found(api, admin, blocked="false", role="CUSTOMER") == [ann.id, shop]
    assert await found(api, admin, search="MEMBER") == [admin.id, ann.id, bob.id]
    assert await found(api, admin, search="0%_s") == [shop]
    assert await found(api, admin, search="%%") == []
    assert await found(api, admin, email=ann.email.upper()) == [ann.id]
    assert await found(api, admin, email="member") == []
    assert await found(api, admin, account_ref="100%_Shop") == [shop]
    assert await found(api, admin, account_ref="100%_shop") == []
    assert await found(api, admin, limit=2, starting_after=admin.id) == [ann.id, bob.id]
    assert (await api.client.get("/accounts", params={"role": "KING"}, headers=admin.headers)).status_code == 422


async def test_accounts_are_found_by_their_ids_as_far_as_they_are_there(api: RunningApi) -> None:
    admin, ann, _ = await api.admin(), await api.member("CUSTOMER"), await api.member("CUSTOMER")
    answer = await api.client.get("/accounts", params={"ids": f"{ann.id},{admin.id},999"}, headers=admin.headers)
    assert [account["id"] for account in answer.json()["data"]] == sorted([admin.id, ann.id])


async def test_one_account_is_shown_whole(api: RunningApi) -> None:
    admin = await api.admin()
    shop = await imported(api, "C-7")
    account = (await api.client.get(f"/accounts/{shop}", headers=admin.headers)).json()
    assert account.pop("created_at")
    assert account == {
        "id": shop,
        "email": None,
        "nickname": "of C-7",
        "role": "CUSTOMER",
        "login_type": "EXTERNAL",
        "account_ref": "C-7",
        "blocked": False,
    }
    missing = await api.client.get("/accounts/1000000", headers=admin.headers)
    assert (missing.status_code, missing.json()["type"]) == (404, "/problems/account-not-found")
    assert (await change(api, admin, 1_000_000, blocked=True)).status_code == 404


def ahead(api: RunningApi, member: Member, role: Role) -> Member:
    """With an access token that no change of the account ends: what a service does that has not heard of the change yet."""
    token = api.service.log_in.signer.sign(Caller(member.id, role, version=100))
    return replace(member, headers={"Authorization": f"Bearer {token}"})


async def test_an_admin_who_has_just_logged_out_does_nothing_that_outlasts_it(api: RunningApi) -> None:
    admin, ann = await api.admin(), await api.customer()
    tokens = (await log_in(api, admin)).json()
    await api.client.post("/auth/log-out", json={"refresh_token": tokens["refresh_token"]})
    gone = replace(admin, headers={"Authorization": f"Bearer {tokens['access_token']}"})
    # At once, though others may take a second to learn it.
    refused = [
        await change(api, gone, ann.id, role="ADMIN"),
        await api.client.post(f"/accounts/{ann.id}/password-reset", headers=gone.headers),
        await api.client.post(f"/accounts/{ann.id}/erasure", headers=gone.headers),
    ]
    assert [answer.status_code for answer in refused] == [401, 401, 401]


async def test_a_blocked_account_neither_logs_in_nor_refreshes_until_it_is_unblocked(api: RunningApi) -> None:
    admin, ann = await api.admin(), await api.customer()
    before = await log_in(api, ann)

    blocked = await change(api, admin, ann.id, blocked=True)

    assert (blocked.status_code, blocked.json()["blocked"]) == (200, True)
    refused = await log_in(api, ann)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/account-blocked")
    # Who does not know the password does not hear of it.
    assert (await log_in(api, ann, "not the password")).status_code == 401
    assert (await refresh(api, before)).status_code == 401
    assert (await change_password(api, ahead(api, ann, "CUSTOMER"), PASSWORD)).status_code == 403

    unblocked = await change(api, admin, ann.id, blocked=False)

    assert unblocked.json()["blocked"] is False
    assert (await log_in(api, ann)).status_code == 200
    # The log-ins from before stay ended.
    assert (await refresh(api, before)).status_code == 401


async def test_no_log_in_or_refresh_slips_through_while_an_account_is_blocked(api: RunningApi) -> None:
    admin, ann = await api.admin(), await api.customer()
    for _ in range(5):
        await change(api, admin, ann.id, blocked=False)
        before = await log_in(api, ann)
        blocking, *others = await asyncio.gather(
            change(api, admin, ann.id, blocked=True), refresh(api, before), *(log_in(api, ann) for _ in range(3))
        )
        assert blocking.status_code == 200
        assert {answer.status_code for answer in others} <= {200, 401, 403}
        for answer in others:
            if answer.status_code == 200:
                assert (await refresh(api, answer)).status_code == 401


async def test_a_role_is_given_and_taken_at_the_next_refresh_of_the_token(api: RunningApi) -> None:
    admin, ann = await api.admin(), await api.customer()
    token = await log_in(api, ann)
    assert (await change(api, admin, ann.id, role="ADMIN")).json()["role"] == "ADMIN"
    token = await refresh(api, token)
    assert api.service.verifier.verify(token.json()["access_token"]).role == "ADMIN"
    await change(api, admin, ann.id, role="CUSTOMER")
    token = await refresh(api, token)
    assert api.service.verifier.verify(token.json()["access_token"]).role == "CUSTOMER"


@pytest.mark.parametrize("fields", [{"role": "CUSTOMER"}, {"blocked": True}, {"role": "CUSTOMER", "blocked": True}])
async def test_the_last_admin_stays(api: RunningApi, fields: dict[str, Any]) -> None:
    admin, other, blocked = await api.admin(), await api.admin(), await api.admin()
    await change(api, admin, blocked.id, blocked=True)
    assert (await change(api, admin, other.id, **fields)).status_code == 200

    refused = await change(api, admin, admin.id, **fields)

    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/last-admin")
    me = (await api.client.get("/accounts/me", headers=admin.headers)).json()
    assert (me["role"], me["blocked"]) == ("ADMIN", False)
    assert (await log_in(api, admin)).status_code == 200


async def test_of_admins_that_remove_each_other_at_once_one_is_left(api: RunningApi) -> None:
    for fields in ({"role": "CUSTOMER"}, {"blocked": True}):
        admins = [await api.admin() for _ in range(4)]
        async with api.service.sessions() as session, session.begin():
            ids = [admin.id for admin in admins]
            await session.execute(text("UPDATE accounts SET role = 'CUSTOMER' WHERE NOT id = ANY(:ids)"), {"ids": ids})
        admins = [ahead(api, one, "ADMIN") for one in admins]
        answers = await asyncio.gather(
            *(change(api, one, other.id, **fields) for one in admins for other in admins if one is not other),
            *(change(api, one, one.id, **fields) for one in admins),
        )
        assert {answer.status_code for answer in answers} <= {200, 403, 409}
        async with api.service.sessions() as session:
            left = "SELECT count(*) FROM accounts WHERE role = 'ADMIN' AND blocked_at IS NULL"
            assert (await session.execute(text(left))).scalar_one() == 1


async def test_who_is_no_admin_any_more_changes_no_account_although_its_token_has_not_ended_yet(
    api: RunningApi,
) -> None:
    admin, demoted, blocked = await api.admin(), await api.admin(), await api.admin()
    await change(api, admin, demoted.id, role="CUSTOMER")
    await change(api, admin, blocked.id, blocked=True)
    for one, fields in ((demoted, {"role": "ADMIN"}), (blocked, {"blocked": False})):
        former = ahead(api, one, "ADMIN")
        refused = await change(api, former, former.id, **fields)
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/forbidden")
        assert (await change(api, former, admin.id, blocked=True)).status_code == 403


async def test_an_account_without_a_password_is_no_admin(api: RunningApi) -> None:
    admin = await api.admin()
    refused = await change(api, admin, await imported(api, "C-7"), role="ADMIN")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/account-without-login")


@pytest.mark.parametrize("body", [{}, {"role": None}, {"role": "KING"}, {"blocked": "yes"}, {"nickname": "x"}])
async def test_a_change_that_cannot_be_is_refused(shared_api: RunningApi, body: dict[str, Any]) -> None:
    admin = await shared_api.admin()
    answer = await shared_api.client.patch(f"/accounts/{admin.id}", json=body, headers=admin.headers)
    assert answer.status_code == 422


async def test_a_new_password_ends_every_other_log_in(api: RunningApi) -> None:
    ann, bob = await api.customer(), await api.customer()
    before, of_bob = [await log_in(api, ann) for _ in range(2)], await log_in(api, bob)

    answer = await change_password(api, ann, PASSWORD)

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert [(await refresh(api, token)).status_code for token in before] == [401, 401]
    assert (await refresh(api, answer)).status_code == (await refresh(api, of_bob)).status_code == 200
    assert (await log_in(api, ann)).status_code == 401
    assert (await log_in(api, ann, NEW_PASSWORD)).status_code == 200
    assert (await log_in(api, bob)).status_code == 200


async def test_a_password_is_changed_only_by_who_knows_it_and_to_a_good_one(api: RunningApi) -> None:
    ann = await api.customer()
    before = await log_in(api, ann)
    wrong = await change_password(api, ann, "not the password")
    short = await change_password(api, ann, PASSWORD, "short")
    own = await change_password(api, ann, PASSWORD, ann.email.upper())
    assert (own.status_code, own.json()["type"]) == (422, "/problems/weak-password")
    assert [error["field"] for error in own.json()["errors"]] == ["new_password"]
    assert (wrong.status_code, wrong.json()["type"]) == (422, "/problems/wrong-password")
    assert [error["field"] for error in wrong.json()["errors"]] == ["old_password"]
    assert [error["field"] for error in short.json()["errors"]] == ["new_password"]
    assert (await refresh(api, before)).status_code == 200
    assert (await log_in(api, ann)).status_code == 200


async def test_of_two_changes_of_a_password_at_once_one_counts_and_no_log_in_with_the_old_one_lives(
    api: RunningApi,
) -> None:
    ann = await api.customer()
    one, other, *log_ins = await asyncio.gather(
        change_password(api, ann, PASSWORD, NEW_PASSWORD),
        change_password(api, ann, PASSWORD, f"{NEW_PASSWORD} 2"),
        *(log_in(api, ann) for _ in range(4)),
    )
    assert sorted((one.status_code, other.status_code)) == [200, 422]
    assert {answer.status_code for answer in log_ins} <= {200, 401}
    for answer in log_ins:
        if answer.status_code == 200:
            assert (await refresh(api, answer)).status_code == 401


@pytest.mark.parametrize("fields", [{"role": "CUSTOMER"}, {"blocked": True}])
async def test_of_the_last_two_admins_that_both_step_down_at_once_one_stays(
    api: RunningApi, fields: dict[str, Any]
) -> None:
    for _ in range(8):
        async with api.service.sessions() as session, session.begin():
            await session.execute(text("UPDATE accounts SET role = 'CUSTOMER'"))
        admins = [await api.admin(), await api.admin()]
        answers = await asyncio.gather(*(change(api, admin, admin.id, **fields) for admin in admins))
        assert sorted(answer.status_code for answer in answers) == [200, 409]


@pytest.mark.parametrize(
    ("change_of_row", "log_in_status"), [("blocked_at = now()", 403), ("password_hash = 'another'", 401)]
)
async def test_a_log_in_waits_for_a_change_of_its_account_that_is_being_committed(
    api: RunningApi, change_of_row: str, log_in_status: int
) -> None:
    ann = await api.customer()
    async with api.service.sessions() as session, session.begin():
        await session.execute(text(f"UPDATE accounts SET {change_of_row} WHERE id = :id"), {"id": ann.id})  # noqa: S608
        logging_in = asyncio.create_task(log_in(api, ann))
        await until_somebody_waits_for_a_lock(api.service.sessions)
    assert (await logging_in).status_code == log_in_status


async def test_a_refresh_waits_for_a_block_that_is_being_committed(api: RunningApi) -> None:
    ann = await api.customer()
    before = await log_in(api, ann)
    async with api.service.sessions() as session, session.begin():
        await session.execute(text("UPDATE accounts SET blocked_at = now() WHERE id = :id"), {"id": ann.id})
        refreshing = asyncio.create_task(refresh(api, before))
        await until_somebody_waits_for_a_lock(api.service.sessions)
    assert (await refreshing).status_code == 401
