"""The audit log: what gets a line, what stands in it, and that nobody changes it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from ordercast.services.order_api.audit.record_failures import FAILURES_OF_ADDRESS
from ordercast.services.shared.audit.record import record
from ordercast.services.shared.audit.tables import AuditLine
from tests.support.order_api import PASSWORD, Member, RunningApi

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


async def log_in(api: RunningApi, email: str, password: str = PASSWORD, trace: str = TRACE) -> httpx.Response:
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    return await api.client.post("/auth/token", data={"username": email, "password": password}, headers=headers)


async def lines(api: RunningApi, admin: Member, **params: Any) -> list[dict[str, Any]]:
    answer = await api.client.get("/audit", params=params, headers=admin.headers)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


async def test_a_log_in_has_a_line_with_address_and_trace(api: RunningApi) -> None:
    admin, ann = await api.admin(), await api.customer()
    assert (await log_in(api, ann.email)).status_code == 200
    (line,) = await lines(api, admin, kind="log-in")
    assert datetime.fromisoformat(line.pop("recorded_at")) > datetime.now(UTC) - timedelta(minutes=5)
    assert line.pop("id")
    assert line == {
        "kind": "log-in",
        "account_id": ann.id,
        "subject": None,
        "address": "127.0.0.1",
        "trace_id": TRACE,
        "details": {},
    }


async def test_failed_log_ins_are_kept_although_the_request_fails_and_nothing_that_was_typed(api: RunningApi) -> None:
    admin, ann = await api.admin(), await api.customer()
    blocked = await api.customer()
    await api.client.patch(f"/accounts/{blocked.id}", json={"blocked": True}, headers=admin.headers)
    known, unknown = await log_in(api, ann.email, "a guess of hers"), await log_in(api, "who@example.com", "a guess")
    refused = await log_in(api, blocked.email)

    assert (known.status_code, refused.status_code) == (401, 403)
    assert known.json() == unknown.json()
    found = await lines(api, admin, kind="log-in-failed")
    assert [(line["account_id"], line["subject"], line["details"]) for line in found] == [
        (None, f"accounts/{blocked.id}", {"reason": "blocked"}),
        (None, None, {"reason": "unknown or wrong"}),
        (None, f"accounts/{ann.id}", {"reason": "unknown or wrong"}),
    ]
    assert "guess" not in str(found)
    assert "example.com" not in str(await lines(api, admin))


async def test_a_flood_of_failed_log_ins_leaves_few_lines(api: RunningApi) -> None:
    admin = await api.admin()
    for number in range(FAILURES_OF_ADDRESS + 10):
        assert (await log_in(api, f"nobody{number}@example.com")).status_code == 401
    # One more in each three seconds that the test takes.
    assert (
        FAILURES_OF_ADDRESS <= len(await lines(api, admin, kind="log-in-failed", limit=100)) < FAILURES_OF_ADDRESS + 9
    )


async def test_what_admins_do_with_accounts_has_a_line_and_what_changes_nothing_has_none(api: RunningApi) -> None:
    admin, ann = await api.admin(), await api.customer()
    for change in ({"role": "ADMIN"}, {"role": "ADMIN", "blocked": True}, {"blocked": True}, {"blocked": False}):
        answer = await api.client.patch(f"/accounts/{ann.id}", json=change, headers=admin.headers)
        assert answer.status_code == 200
    refused = await api.client.patch("/accounts/999999999", json={"blocked": True}, headers=admin.headers)
    assert refused.status_code == 404
    found = await lines(api, admin, account_id=ann.id)
    assert [(line["kind"], line["account_id"], line["subject"], line["details"]) for line in found] == [
        ("account-unblocked", admin.id, f"accounts/{ann.id}", {}),
        ("account-blocked", admin.id, f"accounts/{ann.id}", {}),
        ("role-changed", admin.id, f"accounts/{ann.id}", {"from": "CUSTOMER", "to": "ADMIN"}),
    ]
    assert [line["kind"] for line in await lines(api, admin, account_id=admin.id)][-1] == "admin-made"


async def test_a_password_change_and_a_stolen_refresh_token_have_lines(api: RunningApi) -> None:
    admin, ann = await api.admin(), await api.customer()
    stolen = (await log_in(api, ann.email)).json()["refresh_token"]
    for _ in range(3):
        await api.client.post("/auth/refresh", json={"refresh_token": stolen})
    body = {"old_password": PASSWORD, "new_password": "another horse battery"}
    changed = await api.client.post("/accounts/me/password", json=body, headers=ann.headers)
    assert changed.status_code == 200
    kinds = [line["kind"] for line in await lines(api, admin, account_id=ann.id)]
    assert kinds == ["password-changed", "refresh-token-reused", "log-in"]


async def acts(api: RunningApi, admin: Member, *kinds: str) -> list[tuple[Any, ...]]:
    """The lines of these kinds, the oldest first; all were done from here."""
    found = [line for line in await lines(api, admin, limit=100) if line["kind"] in kinds]
    assert {line["address"] for line in found} <= {"127.0.0.1"}
    return [(line["kind"], line["account_id"], line["subject"], line["details"]) for line in reversed(found)]


async def test_what_the_shop_does_with_products_has_a_line_and_what_is_refused_has_none(api: RunningApi) -> None:
    admin, shop = await api.admin(), await api.member("SERVICE")
    mug = await api.product(shop, sku="MUG-1", price="12.50")
    body = {"sku": "MUG-1", "name": "Mug", "price": "1.00", "currency": "EUR"}
    taken = await api.client.post("/products", json=body, headers=shop.headers)
    for change, status in (({"price": "9.90", "active": False}, 200), ({"sku": "MUG-2"}, 200)):
        answer = await api.client.patch(f"/products/{mug['id']}", json=change, headers=admin.headers)
        assert answer.status_code == status
    unknown = await api.client.patch("/products/999999999", json={"name": "x"}, headers=admin.headers)
    imported = await api.client.post("/products/import", content=b"no product\n", headers=shop.headers)
    assert (taken.status_code, unknown.status_code, imported.status_code) == (409, 404, 422)
    assert await acts(api, admin, "product-added", "product-changed", "product-import-started") == [
        ("product-added", shop.id, f"products/{mug['id']}", {"price": "12.50", "active": True}),
        ("product-changed", admin.id, f"products/{mug['id']}", {"price": "9.90", "active": False}),
        ("product-changed", admin.id, f"products/{mug['id']}", {"sku": "MUG-2"}),
        ("product-import-started", shop.id, None, {}),
    ]


async def test_who_confirms_or_cancels_anothers_order_has_a_line_and_its_customer_has_none(api: RunningApi) -> None:
    admin, shop, ann = await api.admin(), await api.member("SERVICE"), await api.customer()
    mug = await api.product(admin)
    body = {"items": [{"product_id": mug["id"], "quantity": 2}]}

    async def change(who: Member, order: str, what: str, **request: Any) -> int:
        headers = {**who.headers, **request.pop("headers", {})}
        return (await api.client.post(f"/orders/{order}/{what}", headers=headers, **request)).status_code

    one, two, own = [
        (await api.client.post("/orders", json=body, headers=who.headers)).json()["id"] for who in (ann, ann, shop)
    ]
    assert await change(shop, one, "confirm") == 200
    assert await change(shop, one, "confirm") == 409
    assert await change(ann, two, "cancel") == 200
    assert await change(shop, own, "confirm") == 200
    lines_back = {"json": {"items": [{"line": 1, "quantity": 1}]}}
    for _ in range(2):  # a repeat is answered and does nothing
        assert await change(admin, one, "cancel", headers={"Idempotency-Key": "k"}, **lines_back) == 200
    imported = await api.client.post(
        "/orders/import", params={"create_missing": True}, content=b"no order\n", headers=shop.headers
    )
    assert imported.status_code == 422
    of_one = await lines(api, admin, subject=f"orders/{one}")
    assert [(line["kind"], line["account_id"]) for line in of_one] == [
        ("order-cancelled", admin.id),
        ("order-confirmed", shop.id),
    ]
    assert await lines(api, admin, subject=f"orders/{two}") == []
    assert await acts(api, admin, "order-confirmed", "order-cancelled", "order-import-started") == [
        ("order-confirmed", shop.id, f"orders/{one}", {}),
        ("order-cancelled", admin.id, f"orders/{one}", {"lines": 1}),
        ("order-import-started", shop.id, None, {"create_missing": True, "on_conflict": "refuse"}),
    ]


async def test_nothing_is_done_whose_line_cannot_be_written(api: RunningApi) -> None:
    admin, ann = await api.admin(), await api.customer()
    mug = await api.product(admin)
    body = {"items": [{"product_id": mug["id"], "quantity": 2}]}
    order = (await api.client.post("/orders", json=body, headers=ann.headers)).json()["id"]
    async with api.service.sessions() as session, session.begin():
        await session.execute(text("ALTER TABLE audit_log RENAME TO gone"))
    patched = await api.client.patch(f"/products/{mug['id']}", json={"price": "1.00"}, headers=admin.headers)
    confirmed = await api.client.post(f"/orders/{order}/confirm", headers=admin.headers)
    assert (patched.status_code, confirmed.status_code) == (500, 500)
    assert (await api.client.get(f"/products/{mug['id']}")).json() == mug
    assert (await api.client.get(f"/orders/{order}", headers=ann.headers)).json()["status"] == "PENDING"
    async with api.service.sessions() as session:
        outbox = await session.execute(text("SELECT count(*) FROM outbox"))
        assert outbox.scalar_one() == 1


async def test_lines_come_in_pages_the_newest_first_for_admins_alone(api: RunningApi) -> None:
    admin, ann = await api.admin(), await api.customer()
    async with api.service.sessions() as session, session.begin():
        for _ in range(3):
            record(session, "log-in", account_id=ann.id)
    first = (await api.client.get("/audit", params={"kind": "log-in", "limit": 2}, headers=admin.headers)).json()
    assert first["has_more"] is True
    rest = await lines(api, admin, kind="log-in", starting_after=first["data"][-1]["id"])
    ids = [line["id"] for line in [*first["data"], *rest]]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 3
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert await lines(api, admin, since=soon) == []
    assert (await api.client.get("/audit", params={"kind": "tea"}, headers=admin.headers)).status_code == 422
    assert (await api.client.get("/audit", headers=ann.headers)).status_code == 403
    assert (await api.client.get("/audit")).status_code == 401


async def test_a_line_is_written_only_with_what_it_tells_of(api: RunningApi) -> None:
    admin = await api.admin()
    async with api.service.sessions() as session:
        record(session, "log-in", account_id=admin.id)
        await session.flush()
        await session.rollback()
    assert await lines(api, admin, kind="log-in") == []


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_log SET kind = 'tea'", "DELETE FROM audit_log", "TRUNCATE audit_log"]
)
async def test_nobody_changes_a_line_not_even_the_owner_of_the_schema(api: RunningApi, statement: str) -> None:
    old = datetime.now(UTC) - timedelta(days=31)
    async with api.service.sessions() as session, session.begin():
        record(session, "log-in")
        session.add(AuditLine(kind="old", details={}, recorded_at=old))
    with pytest.raises(DBAPIError) as refused:
        async with api.service.sessions() as session, session.begin():
            await session.execute(text(statement))
    cause = getattr(refused.value.orig, "__cause__", None)
    assert isinstance(cause, asyncpg.InsufficientPrivilegeError)
    assert "stay as they are" in str(cause)
