"""What is kept of a person is given out whole, and erased so that nobody finds it again."""

import json
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from ordercast.infra.migrations.tables import metadata
from ordercast.services.order_api.accounts.tables import Account
from ordercast.services.order_api.personal_data import export_account as exporting
from ordercast.services.order_api.personal_data.personal_tables import PERSONAL, TRANSIENT
from ordercast.services.shared.db.features import FeatureRow
from tests.support.order_api import PASSWORD, Member, RunningApi

SAID = "It holds my tea, says Ann of Elm Street."


@dataclass(frozen=True, slots=True)
class Person:
    """An account of which something lies everywhere."""

    member: Member
    order_id: str
    refresh_token: str
    api_key: dict[str, Any]

    @property
    def id(self) -> int:
        return self.member.id

    @property
    def ref(self) -> str:
        return f"{self.id}-elm-street"

    @property
    def traces(self) -> list[str]:
        return [self.member.email, self.member.nickname, SAID, self.ref, "Ann's till", "ann-retries"]


async def person(api: RunningApi, admin: Member) -> Person:
    member, product = await api.member("SERVICE"), await api.product(admin)
    body = {"items": [{"product_id": product["id"], "quantity": 2}]}
    headers = member.headers | {"Idempotency-Key": "ann-retries"}
    order = (await api.client.post("/orders", json=body, headers=headers)).json()
    review = {"rating": 5, "text": SAID}
    await api.client.post(f"/products/{product['id']}/reviews", json=review, headers=member.headers)
    new_key = {"name": "Ann's till", "scopes": ["orders:read"]}
    key = (await api.client.post("/api-keys", json=new_key, headers=member.headers)).json()
    log_in = await api.client.post("/auth/token", data={"username": member.email, "password": PASSWORD})
    made = Person(member, order["id"], log_in.json()["refresh_token"], key)
    async with api.service.sessions() as session, session.begin():
        (await session.get_one(Account, member.id)).account_ref = made.ref
    return made


async def export(api: RunningApi, account_id: int, asked_by: Member) -> list[dict[str, Any]]:
    answer = await api.client.get(f"/accounts/{account_id}/export", headers=asked_by.headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    return [json.loads(line) for line in answer.text.splitlines()]


async def erase(api: RunningApi, account_id: int, asked_by: Member, **body: str) -> httpx.Response:
    return await api.client.post(f"/accounts/{account_id}/erasure", json=body, headers=asked_by.headers)


async def rows_with(api: RunningApi, trace: str) -> list[str]:
    """The tables in which a text stands, wherever in a row."""
    found = []
    async with api.service.sessions() as session:
        for name in metadata.tables:
            query = text(f"SELECT count(*) FROM {name} AS t WHERE position(:trace IN t::text) > 0")  # noqa: S608
            if (await session.execute(query, {"trace": trace})).scalar_one():
                found.append(name)
        coded = text("SELECT count(*) FROM idempotency_keys WHERE position(convert_to(:trace, 'utf8') IN answer) > 0")
        if (await session.execute(coded, {"trace": trace})).scalar_one():
            found.append("answers")
    return found


def test_no_table_with_rows_of_accounts_is_left_out() -> None:
    of_accounts = {table.name for table in metadata.tables.values() if "account_id" in table.columns}
    assert of_accounts | {"accounts"} <= {personal.table.name for personal in PERSONAL} | TRANSIENT


async def test_all_that_is_kept_of_a_person_is_given_out(
    shared_api: RunningApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = await shared_api.admin()
    ann = await person(shared_api, admin)
    async with shared_api.service.sessions() as session, session.begin():
        for product_id in range(1, 6):
            row = {"view_count": 1, "views_before_first_order": 1, "partition": 0, "updated_at": text("now()")}
            session.add(FeatureRow(account_id=ann.id, product_id=10**6 + product_id, **row))
    whole = await export(shared_api, ann.id, ann.member)
    monkeypatch.setattr(exporting, "PAGE_ROWS", 2)
    paged = await export(shared_api, ann.id, admin)

    assert paged == whole
    kinds = [line["kind"] for line in whole]
    assert kinds.count("feature-row") == 5
    assert {"account", "log-in", "api-key", "review", "idempotency-key", "order", "order-line", "audit-line"} <= set(
        kinds
    )
    assert whole[-1] == {"kind": "end", "rows": len(whole) - 1}
    everything = json.dumps(whole)
    for trace in ann.traces:
        assert trace in everything
    for secret in ("argon2", ann.refresh_token, ann.api_key["key"], "hash"):
        assert secret not in everything


async def test_another_one_gets_and_erases_nothing(shared_api: RunningApi) -> None:
    ann, bob = await person(shared_api, await shared_api.admin()), await shared_api.member("OPERATOR")
    for account_id in (ann.id, 10**9):
        refused = await shared_api.client.get(f"/accounts/{account_id}/export", headers=bob.headers)
        assert (refused.status_code, refused.json()["type"]) == (404, "/problems/account-not-found")
        assert (await erase(shared_api, account_id, bob, password=PASSWORD)).status_code == 404
    key = {"Authorization": f"Bearer {ann.api_key['key']}"}
    assert (await shared_api.client.get(f"/accounts/{ann.id}/export", headers=key)).status_code == 403


async def test_after_an_erasure_nothing_says_who_it_was(api: RunningApi) -> None:
    admin = await api.admin()
    ann = await person(api, admin)
    for trace in ann.traces:
        assert await rows_with(api, trace) != []

    erased = await erase(api, ann.id, admin)

    assert erased.status_code == 200, erased.text
    assert {name: erased.json()[name] for name in ("id", "email", "account_ref", "role", "blocked")} == {
        "id": ann.id,
        "email": None,
        "account_ref": None,
        "role": "CUSTOMER",
        "blocked": True,
    }
    for trace in ann.traces:
        assert await rows_with(api, trace) == []
    log_in = await api.client.post("/auth/token", data={"username": ann.member.email, "password": PASSWORD})
    refresh = await api.client.post("/auth/refresh", json={"refresh_token": ann.refresh_token})
    by_key = await api.client.get("/orders", headers={"Authorization": f"Bearer {ann.api_key['key']}"})
    assert [answer.status_code for answer in (log_in, refresh, by_key)] == [401, 401, 401]
    order = await api.client.get(f"/orders/{ann.order_id}", headers=admin.headers)
    assert (order.status_code, order.json()["account_id"]) == (200, ann.id)


async def test_an_erasure_may_be_repeated_and_is_told_once(shared_api: RunningApi) -> None:
    admin = await shared_api.admin()
    ann = await person(shared_api, admin)
    first, second = [(await erase(shared_api, ann.id, admin)).json() for _ in range(2)]
    assert first == second
    log = await shared_api.client.get("/audit", params={"kind": "account-erased"}, headers=admin.headers)
    told = [(line["account_id"], line["subject"]) for line in log.json()["data"]]
    assert told.count((admin.id, f"accounts/{ann.id}")) == 1
    for change in ({"blocked": False}, {"role": "SERVICE"}):
        refused = await shared_api.client.patch(f"/accounts/{ann.id}", json=change, headers=admin.headers)
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/account-erased")


async def test_who_erases_the_own_account_says_its_password_once_more(shared_api: RunningApi) -> None:
    ann = await person(shared_api, await shared_api.admin())
    for body in ({}, {"password": "another"}):
        refused = await erase(shared_api, ann.id, ann.member, **body)
        assert (refused.status_code, refused.json()["type"]) == (422, "/problems/wrong-password")
    assert (await erase(shared_api, ann.id, ann.member, password=PASSWORD)).status_code == 200


async def test_the_last_admin_is_not_erased(api: RunningApi) -> None:
    admin = await api.admin()
    refused = await erase(api, admin.id, admin, password=PASSWORD)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/last-admin")
    assert (await api.client.get("/accounts/me", headers=admin.headers)).json()["email"] == admin.email


async def test_the_email_is_free_for_a_new_account(shared_api: RunningApi) -> None:
    admin = await shared_api.admin()
    ann = await person(shared_api, admin)
    await erase(shared_api, ann.id, admin)
    again = {"email": ann.member.email, "nickname": ann.member.nickname, "password": PASSWORD}
    answer = await shared_api.client.post("/accounts", json=again)
    assert answer.status_code == 201
    assert answer.json()["id"] != ann.id
