"""API keys on a real database: who makes them, what they open, and when they end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.services.order_api.api_keys.manage_api_keys import MAX_KEYS
from ordercast.services.shared.db.api_keys import ApiKey
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.http.access import SCOPES
from ordercast.services.shared.http.api_keys import KEPT_S, LOOK_UPS_AT_ONCE, ApiKeys
from ordercast.services.shared.http.key_secrets import PresentedKey, hash_of, new_secret
from ordercast.services.shared.http.tokens import InvalidToken
from tests.support.order_api import PASSWORD, Member, RunningApi, TokenKeys, running_order_api

Key = dict[str, Any]


async def create(api: RunningApi, member: Member, *scopes: str, **fields: Any) -> httpx.Response:
    body = {"name": "the till", "scopes": list(scopes) or ["orders:read"], **fields}
    return await api.client.post("/api-keys", json=body, headers=member.headers)


async def made(api: RunningApi, member: Member, *scopes: str, **fields: Any) -> Key:
    answer = await create(api, member, *scopes, **fields)
    assert answer.status_code == 201, answer.text
    key: Key = answer.json()
    return key


def bearer(key: Key) -> dict[str, str]:
    return {"Authorization": f"Bearer {key['key']}"}


class Clock:
    """Seconds since 1970, and those of a clock that only goes on; both are moved by hand."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC).timestamp()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def elsewhere(shared_api: RunningApi, clock: Clock) -> ApiKeys:
    """Another process."""
    return ApiKeys(shared_api.service.sessions, now=clock, clock=clock)


async def refused(keys: ApiKeys, key: str) -> str:
    with pytest.raises(InvalidToken) as caught:
        await keys.verify(key)
    return str(caught.value)


async def test_a_key_acts_as_its_account_for_its_scopes_alone(shared_api: RunningApi) -> None:
    admin, customer = await shared_api.admin(), await shared_api.customer()
    product = await shared_api.product(admin)
    key = await made(shared_api, admin, "orders:write", account_id=customer.id)
    body = {"items": [{"product_id": product["id"], "quantity": 1}]}

    order = await shared_api.client.post("/orders", json=body, headers=bearer(key))

    assert (order.status_code, order.json()["account_id"]) == (201, customer.id)
    lacking = await shared_api.client.get("/orders", headers=bearer(key))
    assert (lacking.status_code, lacking.json()["detail"]) == (403, "the API key lacks the scope orders:read")
    assert lacking.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="orders:read"'
    # A scope opens nothing that the role may not do: the customer's key, whatever it may be given, confirms no order.
    confirmed = await shared_api.client.post(f"/orders/{order.json()['id']}/confirm", headers=bearer(key))
    assert confirmed.status_code == 403
    for method, path in (("POST", "/accounts/me/password"), ("POST", "/api-keys"), ("GET", "/api-keys")):
        for_persons = await shared_api.client.request(method, path, json={}, headers=bearer(key))
        assert (for_persons.status_code, for_persons.json()["detail"]) == (403, "no API key may do this: log in")


async def test_a_key_is_shown_once_and_kept_as_a_hash(shared_api: RunningApi) -> None:
    admin = await shared_api.admin()
    key = await made(shared_api, admin)
    presented = PresentedKey.parse(key["key"])
    assert presented is not None
    assert (presented.id, presented.secret in repr(presented)) == (key["id"], False)
    async with shared_api.service.sessions() as session:
        row = await session.get_one(ApiKey, key["id"])
        assert row.secret_hash == hash_of(presented.secret)
        whole = (await session.execute(text("SELECT api_keys::text FROM api_keys WHERE id = :id"), key)).scalar_one()
        assert presented.secret not in whole
    shown = (await shared_api.client.get(f"/api-keys/{key['id']}", headers=admin.headers)).json()
    assert "key" not in shown
    assert shown["scopes"] == ["orders:read"]


async def test_no_other_text_is_the_key(shared_api: RunningApi, elsewhere: ApiKeys) -> None:
    key = await made(shared_api, await shared_api.admin())
    unknown, wrong = (str(PresentedKey(number, new_secret())) for number in (key["id"] + 10**6, key["id"]))
    for known_before in (False, True):
        for other in (unknown, wrong, "oc_", "oc_1", key["key"][:-1], key["key"] + "A", key["key"].upper()):
            assert await refused(elsewhere, other) == "the API key is not valid", (known_before, other)
        await elsewhere.verify(key["key"])
    answer = await shared_api.client.get("/orders", headers={"Authorization": f"Bearer {wrong}"})
    assert (answer.status_code, answer.json()["detail"]) == (401, "the API key is not valid")
    assert answer.headers["www-authenticate"].startswith('Bearer error="invalid_token"')


async def test_the_secret_before_is_good_until_the_overlap_ends(
    shared_api: RunningApi, elsewhere: ApiKeys, clock: Clock
) -> None:
    admin = await shared_api.admin()
    first = await made(shared_api, admin)

    async def rotate(overlap_s: int) -> Key:
        url = f"/api-keys/{first['id']}/rotate"
        answer = await shared_api.client.post(url, json={"overlap_s": overlap_s}, headers=admin.headers)
        rotated: Key = answer.json()
        assert (answer.status_code, rotated["id"]) == (200, first["id"]), answer.text
        return rotated

    second = await rotate(60)
    for good in (first, second):
        await elsewhere.verify(good["key"])
    clock.now += 3_600  # of its own: the overlap began by the machine's, a while after this clock was read
    assert await refused(elsewhere, first["key"]) == "the API key has ended"
    await elsewhere.verify(second["key"])

    third = await rotate(0)
    clock.now += KEPT_S
    assert await refused(elsewhere, second["key"]) == "the API key is not valid"
    await elsewhere.verify(third["key"])


async def test_a_revoked_key_ends_here_at_once_and_elsewhere_within_seconds(
    shared_api: RunningApi, elsewhere: ApiKeys, clock: Clock
) -> None:
    admin = await shared_api.admin()
    key = await made(shared_api, admin)
    await elsewhere.verify(key["key"])
    assert (await shared_api.client.get("/orders", headers=bearer(key))).status_code == 200

    for _ in range(2):
        revoked = await shared_api.client.delete(f"/api-keys/{key['id']}", headers=admin.headers)
        assert revoked.status_code == 200

    log = (await shared_api.client.get("/audit", params={"account_id": admin.id}, headers=admin.headers)).json()
    told = [(line["kind"], line["details"]["api_key"]) for line in log["data"][:2]]
    assert told == [("api-key-revoked", key["id"]), ("api-key-made", key["id"])]
    here = await shared_api.client.get("/orders", headers=bearer(key))
    assert (here.status_code, here.json()["detail"]) == (401, "the API key was revoked")
    clock.now += KEPT_S
    assert await refused(elsewhere, key["key"]) == "the API key was revoked"
    rotated = await shared_api.client.post(f"/api-keys/{key['id']}/rotate", headers=admin.headers)
    assert (rotated.status_code, rotated.json()["type"]) == (409, "/problems/api-key-ended")


async def test_a_key_ends_with_its_date_and_with_its_account(
    shared_api: RunningApi, elsewhere: ApiKeys, clock: Clock
) -> None:
    admin, member = await shared_api.admin(), await shared_api.member("SERVICE")
    ends = datetime.now(UTC) + timedelta(hours=1)
    key = await made(shared_api, member, expires_at=ends.isoformat())
    other = await made(shared_api, member)

    assert (await elsewhere.verify(key["key"])).ends_at < ends.timestamp()  # streams end as those of tokens do
    clock.now = ends.timestamp() - 1
    assert (await elsewhere.verify(key["key"])).ends_at == ends.timestamp()
    clock.now += 1
    assert await refused(elsewhere, key["key"]) == "the API key has ended"

    await shared_api.client.patch(f"/accounts/{member.id}", json={"blocked": True}, headers=admin.headers)
    clock.now += KEPT_S
    assert await refused(elsewhere, other["key"]) == "the account of the API key is blocked"
    past = {"expires_at": (datetime.now(UTC) - timedelta(seconds=1)).isoformat()}
    assert (await create(shared_api, await shared_api.admin(), **past)).status_code == 422


async def test_a_role_that_is_taken_is_taken_from_its_keys(
    shared_api: RunningApi, elsewhere: ApiKeys, clock: Clock
) -> None:
    admin, member = await shared_api.admin(), await shared_api.member("OPERATOR")
    key = await made(shared_api, member, "trainings:write")
    assert (await elsewhere.verify(key["key"])).role == "OPERATOR"
    await shared_api.client.patch(f"/accounts/{member.id}", json={"role": "CUSTOMER"}, headers=admin.headers)
    clock.now += KEPT_S
    assert (await elsewhere.verify(key["key"])).role == "CUSTOMER"


async def test_its_last_use_is_noted_once_a_minute(shared_api: RunningApi, elsewhere: ApiKeys, clock: Clock) -> None:
    key = await made(shared_api, await shared_api.admin())

    async def last_used() -> datetime | None:
        async with shared_api.service.sessions() as session:
            return (await session.get_one(ApiKey, key["id"])).last_used_at

    await refused(elsewhere, str(PresentedKey(key["id"], new_secret())))
    assert await last_used() is None
    await elsewhere.verify(key["key"])
    first = await last_used()
    assert first is not None
    clock.now += KEPT_S
    await elsewhere.verify(key["key"])
    assert await last_used() == first
    async with shared_api.service.sessions() as session, session.begin():
        await session.execute(
            text("UPDATE api_keys SET last_used_at = now() - interval '61 s' WHERE id = :id"), {"id": key["id"]}
        )
    clock.now += KEPT_S
    await elsewhere.verify(key["key"])
    noted = await last_used()
    assert noted is not None
    assert noted > first


async def test_accounts_have_keys_of_their_own_customers_make_none_and_admins_make_all(shared_api: RunningApi) -> None:
    admin, customer, service = await shared_api.admin(), await shared_api.customer(), await shared_api.member("SERVICE")
    of_service = await made(shared_api, service, "imports")
    of_customer = await made(shared_api, admin, account_id=customer.id)

    assert (await create(shared_api, customer)).status_code == 403
    assert (await create(shared_api, service, account_id=customer.id)).status_code == 404
    for number, member in ((of_service["id"], customer), (of_customer["id"], service)):
        for method, path in (("GET", ""), ("POST", "/rotate"), ("DELETE", "")):
            answer = await shared_api.client.request(method, f"/api-keys/{number}{path}", headers=member.headers)
            assert answer.status_code == (403 if member is customer and path else 404)

    async def listed(member: Member, **params: Any) -> list[int]:
        page = (await shared_api.client.get("/api-keys", params=params, headers=member.headers)).json()
        return [key["id"] for key in page["data"]]

    assert await listed(customer) == [of_customer["id"]]
    assert await listed(service, account_id=customer.id) == []
    assert await listed(admin, account_id=service.id) == [of_service["id"]]
    own = await shared_api.client.delete(f"/api-keys/{of_customer['id']}", headers=customer.headers)
    assert own.status_code == 200

    strange = await create(shared_api, service, "imports", "models:write")
    assert (strange.status_code, strange.json()["detail"]) == (422, "the role SERVICE may do nothing with models:write")
    assert (await create(shared_api, admin, "everything")).status_code == 422
    assert (await create(shared_api, admin, *SCOPES)).status_code == 201


async def test_an_account_has_so_many_good_keys_at_once(shared_api: RunningApi) -> None:
    member = await shared_api.member("SERVICE")
    answers = await asyncio.gather(*(create(shared_api, member) for _ in range(MAX_KEYS + 2)))
    assert sorted(answer.status_code for answer in answers) == [201] * MAX_KEYS + [409] * 2
    one = next(answer.json() for answer in answers if answer.is_success)
    await shared_api.client.delete(f"/api-keys/{one['id']}", headers=member.headers)
    assert (await create(shared_api, member)).status_code == 201


async def test_a_key_is_limited_with_its_account(database_url: str, token_keys: TokenKeys) -> None:
    async with running_order_api(database_url, token_keys, orders_per_minute=2) as api:
        admin, customer = await api.admin(), await api.customer()
        keys = [await made(api, admin, "orders:write", account_id=customer.id) for _ in range(2)]
        asked = [await api.client.post("/orders", json={}, headers=bearer(key)) for key in (*keys, keys[0])]
        assert [answer.status_code for answer in asked] == [422, 422, 429]


class Counted:
    """Sessions of which it is known how many were open at once."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self.open = self.most = 0

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[AsyncSession]:
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            async with self._sessions() as session:
                yield session
        finally:
            self.open -= 1


async def test_strange_keys_hold_few_connections(shared_api: RunningApi) -> None:
    counted = Counted(shared_api.service.sessions)
    keys = ApiKeys(counted)  # type: ignore[arg-type]
    strange = [keys.verify(str(PresentedKey(10**9 + number, new_secret()))) for number in range(50)]
    outcomes = await asyncio.gather(*strange, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {InvalidToken}
    assert counted.most == LOOK_UPS_AT_ONCE


NEW_PASSWORD = "another horse battery"


async def change_password(api: RunningApi, member: Member, **more: bool) -> None:
    body = {"old_password": PASSWORD, "new_password": NEW_PASSWORD, **more}
    answer = await api.client.post("/accounts/me/password", json=body, headers=member.headers)
    assert answer.status_code == 200, answer.text


async def reset_password(api: RunningApi, admin: Member, member: Member) -> None:
    code = await api.client.post(f"/accounts/{member.id}/password-reset", headers=admin.headers)
    body = {"email": member.email, "code": code.json()["code"], "new_password": NEW_PASSWORD}
    assert (await api.client.post("/auth/password-reset", json=body)).status_code == 204


@pytest.mark.parametrize("how", ["changed", "changed for keys, too", "reset"])
async def test_keys_outlast_a_changed_password_unless_asked_and_no_reset(shared_api: RunningApi, how: str) -> None:
    """A reset says that somebody else may have had the account; a change is made by who has it, and its programs go on."""
    admin, till, other = (
        await shared_api.admin(),
        await shared_api.member("SERVICE"),
        await shared_api.member("SERVICE"),
    )
    one, two = await made(shared_api, till), await made(shared_api, till)
    revoked, of_other = await made(shared_api, till), await made(shared_api, other)
    await shared_api.client.delete(f"/api-keys/{revoked['id']}", headers=till.headers)
    for key in (one, two, of_other):  # known to the process
        assert (await shared_api.client.get("/orders", headers=bearer(key))).status_code == 200
    if how == "reset":
        await reset_password(shared_api, admin, till)
    else:
        await change_password(shared_api, till, **({"revoke_api_keys": True} if "keys" in how else {}))

    go_on = how == "changed"
    for key in (one, two):
        assert (await shared_api.client.get("/orders", headers=bearer(key))).status_code == (200 if go_on else 401)
    assert (await shared_api.client.get("/orders", headers=bearer(of_other))).status_code == 200
    asked = {"kind": "api-key-revoked", "account_id": str(till.id)}
    lines = (await shared_api.client.get("/audit", params=asked, headers=admin.headers)).json()["data"]
    told = {line["details"]["api_key"]: line["details"].get("because") for line in lines}
    because = "password-reset" if how == "reset" else "password-changed"
    assert told == {revoked["id"]: None} | ({} if go_on else {one["id"]: because, two["id"]: because})
    if not go_on:
        assert {line["account_id"] for line in lines if "because" in line["details"]} == {
            None if how == "reset" else till.id
        }


async def test_no_key_is_left_that_is_made_or_rotated_while_the_password_is_reset(shared_api: RunningApi) -> None:
    admin = await shared_api.admin()
    for _ in range(3):
        till = await shared_api.member("SERVICE")
        key = await made(shared_api, till)
        _, new, rotated = await asyncio.gather(
            reset_password(shared_api, admin, till),
            create(shared_api, till),
            shared_api.client.post(f"/api-keys/{key['id']}/rotate", headers=till.headers),
        )
        if rotated.status_code == 200:
            assert (await shared_api.client.get("/orders", headers=bearer(rotated.json()))).status_code == 401
        async with shared_api.service.sessions() as session:
            left = await session.scalar(
                text("SELECT count(*) FROM api_keys WHERE account_id = :id AND revoked_at IS NULL"), {"id": till.id}
            )
        assert left == 0
        assert new.status_code in (201, 401)  # made before the reset, or by a token that it has ended


async def test_no_key_is_made_by_a_token_that_has_just_ended(shared_api: RunningApi) -> None:
    till = await shared_api.member("SERVICE")
    form = {"username": till.email, "password": PASSWORD}
    tokens = (await shared_api.client.post("/auth/token", data=form)).json()
    mine = Member(till.id, till.email, till.nickname, {"Authorization": f"Bearer {tokens['access_token']}"})
    made = await create(shared_api, mine)
    assert made.status_code == 201
    await shared_api.client.post("/auth/log-out", json={"refresh_token": tokens["refresh_token"]})
    rotate = f"/api-keys/{made.json()['id']}/rotate"
    # At once, though others may take a second to learn it.
    assert (await create(shared_api, mine)).status_code == 401
    assert (await shared_api.client.post(rotate, json={}, headers=mine.headers)).status_code == 401
