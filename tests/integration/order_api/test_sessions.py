"""How log-ins and access tokens end, over HTTP on a real database."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import asyncpg
import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.engine import make_url

from ordercast.database_tls import asyncpg_address
from ordercast.infra.local.databases import service_logins
from ordercast.infra.migrations.grant_rights import grant_rights
from ordercast.infra.migrations.rights import ROLES
from ordercast.services.order_api.accounts import tables
from ordercast.services.order_api.accounts.tables import RefreshToken
from ordercast.services.shared.db.engine import open_database
from ordercast.services.shared.http.follow_ended_tokens import follow_ended_tokens
from ordercast.services.shared.http.token_keys import load_verifying_keys
from ordercast.services.shared.http.tokens import InvalidToken, TokenVerifier
from ordercast.services.shared.process.background import running_beside
from tests.support.order_api import PASSWORD, Member, RunningApi, TokenKeys, running_order_api

NEW_PASSWORD = "another horse battery"
# Services look once a second.
DEADLINE_S = 30.0


async def log_in(api: RunningApi, member: Member, password: str = PASSWORD) -> httpx.Response:
    return await api.client.post("/auth/token", data={"username": member.email, "password": password})


async def refresh(api: RunningApi, answer: httpx.Response) -> httpx.Response:
    return await api.client.post("/auth/refresh", json={"refresh_token": answer.json()["refresh_token"]})


async def log_out(api: RunningApi, refresh_token: str) -> httpx.Response:
    return await api.client.post("/auth/log-out", json={"refresh_token": refresh_token})


async def me(api: RunningApi, answer: httpx.Response) -> int:
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    return (await api.client.get("/accounts/me", headers=headers)).status_code


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not await condition():
            await asyncio.sleep(0.02)


async def test_logging_out_ends_this_log_in_alone_however_often(api: RunningApi) -> None:
    admin, ann = await api.admin(), await api.customer()
    mine, elsewhere = await log_in(api, ann), await log_in(api, ann)
    first = mine.json()["refresh_token"]
    mine = await refresh(api, mine)

    # By a token of the family that was used before, too: whoever holds any of them may end it.
    for token in (mine.json()["refresh_token"], first, mine.json()["refresh_token"], "nobody's"):
        answer = await log_out(api, token)
        assert (answer.status_code, answer.content) == (204, b"")

    assert (await refresh(api, mine)).status_code == 401
    assert (await refresh(api, elsewhere)).status_code == 200
    lines = await api.client.get("/audit", params={"kind": "log-out"}, headers=admin.headers)
    assert [line["account_id"] for line in lines.json()["data"]] == [ann.id]


async def has_ended(api: RunningApi, *answers: httpx.Response) -> None:
    """Waits until the access tokens are refused."""

    async def all_are_refused() -> bool:
        return all([await me(api, answer) == 401 for answer in answers])

    await eventually(all_are_refused)


async def test_no_refresh_slips_through_while_its_log_in_is_ended(api: RunningApi) -> None:
    ann = await api.customer()
    given = []
    for _ in range(5):
        mine = await log_in(api, ann)
        refreshed, out = await asyncio.gather(refresh(api, mine), log_out(api, mine.json()["refresh_token"]))
        assert out.status_code == 204
        given.append(mine)
        if refreshed.status_code == 200:
            assert (await refresh(api, refreshed)).status_code == 401
            given.append(refreshed)
    await has_ended(api, *given)


async def test_the_access_tokens_of_a_log_in_end_with_it_and_no_others(api: RunningApi) -> None:
    ann = await api.customer()
    mine, elsewhere = await log_in(api, ann), await log_in(api, ann)
    refreshed = await refresh(api, mine)
    await log_out(api, refreshed.json()["refresh_token"])
    await has_ended(api, mine, refreshed)
    assert await me(api, elsewhere) == 200


async def test_they_end_where_a_refresh_token_came_twice(api: RunningApi) -> None:
    ann = await api.customer()
    mine, elsewhere = await log_in(api, ann), await log_in(api, ann)
    refreshed = await refresh(api, mine)
    assert (await refresh(api, mine)).status_code == 401
    await has_ended(api, mine, refreshed)
    assert await me(api, elsewhere) == 200


async def test_so_many_log_outs_are_kept_in_mind_and_more_end_the_accounts_access_tokens_for_a_refresh(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MAX_ENDED_LOG_INS", 2)
    ann = await api.customer()
    stays, *ended = [await log_in(api, ann) for _ in range(4)]
    for each in ended[:2]:
        await log_out(api, each.json()["refresh_token"])
    await has_ended(api, *ended[:2])
    assert await me(api, stays) == 200
    await log_out(api, ended[2].json()["refresh_token"])
    await has_ended(api, *ended, stays)
    stays = await refresh(api, stays)
    assert await me(api, stays) == 200


async def test_log_outs_and_stolen_refresh_tokens_of_an_account_at_once_wait_for_each_other(api: RunningApi) -> None:
    ann = await api.customer()
    given = [await log_in(api, ann) for _ in range(8)]
    for each in given[:4]:
        await refresh(api, each)
    stolen = [refresh(api, each) for each in given[:4]]
    out = [log_out(api, each.json()["refresh_token"]) for each in given[4:]]
    answers = await asyncio.gather(*stolen, *out)
    assert [answer.status_code for answer in answers] == [401] * 4 + [204] * 4
    await has_ended(api, *given)


async def test_a_log_in_ends_at_last_however_often_it_is_refreshed(database_url: str, token_keys: TokenKeys) -> None:
    async with running_order_api(database_url, token_keys, log_in_days=3) as api:
        ann = await api.customer()
        answer = await log_in(api, ann)
        for _ in range(3):
            answer = await refresh(api, answer)
        async with api.service.sessions() as session:
            [ends_at] = set(await session.scalars(select(RefreshToken.expires_at)))
        assert abs(ends_at - (datetime.now(UTC) + timedelta(days=3))) < timedelta(minutes=5)
        async with api.service.sessions() as session, session.begin():
            await session.execute(update(RefreshToken).values(expires_at=datetime.now(UTC) + timedelta(seconds=60)))
        answer = await refresh(api, answer)
        assert answer.json()["expires_in"] <= 60  # no access token outlives the log-in
        async with api.service.sessions() as session, session.begin():
            await session.execute(update(RefreshToken).values(expires_at=datetime.now(UTC)))
        assert (await refresh(api, answer)).status_code == 401


@pytest.mark.parametrize("change", [{"role": "OPERATOR"}, {"blocked": True}])
async def test_access_tokens_from_before_end_when_an_admin_changes_the_account(
    api: RunningApi, change: dict[str, object]
) -> None:
    admin, ann, bob = await api.admin(), await api.customer(), await api.customer()
    before, of_bob = await log_in(api, ann), await log_in(api, bob)
    assert (await me(api, before)) == 200
    changed = await api.client.patch(f"/accounts/{ann.id}", json=change, headers=admin.headers)
    assert changed.status_code == 200

    await has_ended(api, before)
    assert await me(api, of_bob) == 200
    if "role" in change:
        after = await refresh(api, before)
        assert await me(api, after) == 200
        assert api.service.verifier.verify(after.json()["access_token"]).role == "OPERATOR"


async def test_a_new_password_ends_the_access_tokens_from_before_and_not_those_that_it_gives(api: RunningApi) -> None:
    ann = await api.customer()
    before = await log_in(api, ann)
    body = {"old_password": PASSWORD, "new_password": NEW_PASSWORD}
    after = await api.client.post("/accounts/me/password", json=body, headers=ann.headers)

    await has_ended(api, before)
    assert await me(api, after) == 200
    assert await me(api, await refresh(api, after)) == 200


async def test_old_passwords_that_are_wrong_are_limited_as_log_ins_are(api: RunningApi) -> None:
    admin, ann = await api.admin(), await api.customer()
    body = {"old_password": "a guess of a thief", "new_password": NEW_PASSWORD}
    guesses = [await api.client.post("/accounts/me/password", json=body, headers=ann.headers) for _ in range(11)]
    assert [guess.status_code for guess in guesses] == [422] * 10 + [429]
    lines = await api.client.get("/audit", params={"kind": "log-in-failed"}, headers=admin.headers)
    assert lines.json()["data"][0]["subject"] == f"accounts/{ann.id}"


@pytest.mark.parametrize("is_blocked", [True, False], ids=["blocked", "logged out"])
@pytest.mark.parametrize("role", ["predictor", "trainer"])
async def test_other_services_learn_it_by_their_own_role_in_the_database(
    api: RunningApi, token_keys: TokenKeys, database_url: str, role: str, *, is_blocked: bool
) -> None:
    logins = service_logins({each: f"password of {each}" for each in ROLES})
    owner = await asyncpg.connect(asyncpg_address(database_url)[0])
    await grant_rights(owner, logins)
    await owner.close()
    url = make_url(database_url).set(username=logins[role].user, password=logins[role].password)
    admin, ann = await api.admin(), await api.customer()
    mine = await log_in(api, ann)
    token = mine.json()["access_token"]
    verifier = TokenVerifier(load_verifying_keys(token_keys.public))
    async with (
        open_database(url.render_as_string(hide_password=False), application="test", pool_size=1) as sessions,
        running_beside(lambda stopping: follow_ended_tokens(sessions, verifier, stopping), name="follow"),
    ):
        assert verifier.verify(token).account_id == ann.id
        if is_blocked:
            await api.client.patch(f"/accounts/{ann.id}", json={"blocked": True}, headers=admin.headers)
        else:
            await log_out(api, mine.json()["refresh_token"])

        async def is_refused() -> bool:
            try:
                verifier.verify(token)
            except InvalidToken as error:
                assert "ended before its time" in str(error)  # noqa: PT017 - in time, whichever try it is
                return True
            return False

        await eventually(is_refused)
