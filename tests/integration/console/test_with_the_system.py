"""The console as `ordercast up` starts it, before the real services."""

import re
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Final

import httpx

from ordercast.client import Addresses, Client, open_client
from ordercast.client.account_answers import Account
from ordercast.client.order_answers import Order, Product
from ordercast.infra.local.system import running_system
from ordercast.system.operator_account import create_admin
from tests.integration.console.test_log_in import csrf_in
from tests.support.offsets import free_offset

EMAIL: Final = "ann@shop.example"
PASSWORD: Final = "long enough for an admin, 7 times"


async def test_an_order_that_was_placed_is_seen_and_orders_products_and_accounts_are_changed(tmp_path: Path) -> None:
    async with running_system(tmp_path / "state", free_offset()) as system:
        await create_admin(system.plan.postgres.url(), EMAIL, "ann", PASSWORD)
        async with httpx.AsyncClient(base_url=system.urls["console"]) as console:
            csrf = csrf_in((await console.get("/log-in")).text)
            await console.post("/log-in", data={"csrf": csrf, "email": EMAIL, "password": PASSWORD})
            empty = (await console.get("/")).text
            assert "ordercast sample" in empty
            assert "ordercast train --recipe demand" in empty
            assert "does not answer" not in empty
            assert "refused an answer" not in empty
            for path in ("/forecasts", "/predict", "/models"):
                assert (
                    "ordercast train --recipe demand" in (answer := await console.get(path)).text or path == "/predict"
                )
                assert answer.status_code == 200
            assert "No event waits" in (await console.get("/dead-letters")).text
            assert "There was none yet" in (await console.get("/trainings")).text
            async with open_client(Addresses.of(system.urls)) as anonymous:
                admin = await anonymous.log_in(EMAIL, PASSWORD)
                product = await admin.order_api.create_product("MUG-1", "Mug of the console", Decimal("4.50"), "EUR")
                order = await admin.order_api.place_order([(product.id, 3)])
                carl = await anonymous.order_api.sign_up("carl@home.example", "carl", PASSWORD)
            # Trends may be a second old, those of the days and those of the products each.
            while "Mug of the console" not in (page := (await console.get("/overview/numbers")).text) or (
                "ordercast sample" in page
            ):
                pass
            journey = f"/journey/{order.id}"
            while "It has arrived" not in (page := (await console.get(journey)).text):
                pass
            assert "Trace, in the log lines" in page
            assert "Number 1 of shard" in page
            assert "offset 0." in page
            assert f'href="{journey}"' in (await console.get("/journey")).text
            # A rate takes two looks at each process.
            while (
                "Nothing has come in" in (page := (await console.get("/flow")).text)
                or "–" in stage(page, "outbox")
                or "– " in stage(page, "worker")
            ):
                pass
            assert "does not answer" not in page
            async with open_client(Addresses.of(system.urls)) as anonymous:
                admin = await anonymous.log_in(EMAIL, PASSWORD)
                await change_an_order(console, admin, order)
                await change_a_product(console, admin, product)
                await change_an_account(console, admin, carl)


async def send(console: httpx.AsyncClient, path: str, **typed: str | list[str]) -> str:
    """Opens the page that asks, and sends its form; what stands on the page to which that leads."""
    asked = await console.get(path)
    assert asked.status_code == 200
    found = re.findall(r'type="hidden" name="(csrf|key|known|blocked)" value="([^"]*)"', asked.text)
    hidden = {name: unescape(value) for name, value in found}
    answer = await console.post(path, data=hidden | typed)
    assert answer.status_code in (200, 303), answer.text
    return answer.text if answer.status_code == 200 else (await console.get(answer.headers["location"])).text


async def change_an_order(console: httpx.AsyncClient, admin: Client, order: Order) -> None:
    path = f"/orders/{order.id}"
    assert (
        path
        in (await console.get(f"/orders?status=PENDING&account_id={order.account_id}&created_from=2020-01-01")).text
    )
    assert "must lie after" in (await console.get("/orders?created_from=2026-01-02&created_to=2026-01-01")).text
    assert "confirmed" in await send(console, f"{path}/confirm")
    assert "2 of 3" in await send(console, f"{path}/cancel", what="some", line=["1"], pieces=["1"])
    assert (await admin.order_api.order(order.id)).items[0].cancelled_quantity == 1
    told = (await console.get(path)).text
    assert "What was done to it" in told
    assert "Cancel, or take back" not in await send(console, f"{path}/cancel", what="all")
    assert (await admin.order_api.order(order.id)).status == "CANCELLED"


async def change_a_product(console: httpx.AsyncClient, admin: Client, product: Product) -> None:
    path = f"/products/{product.id}"
    assert path in (await console.get("/products?search=console&active=true")).text
    typed = {"sku": "MUG-1", "name": "Mug of the console", "currency": "EUR", "active": "true"}
    told = await send(console, f"{path}/edit", price="5.25", **typed)
    assert "5.25 EUR" in told
    assert "4.50 EUR" in told
    assert (await admin.order_api.product(product.id)).price == Decimal("5.25")
    added = await send(console, "/products/new", **typed | {"sku": "MUG-2", "price": "7.00"})
    assert "7.00 EUR" in added
    refused = await console.post("/products/new", data=typed | {"price": "7.00", "csrf": csrf_in(added)})
    assert "belongs to another product" in refused.text


async def change_an_account(console: httpx.AsyncClient, admin: Client, account: Account) -> None:
    path = f"/accounts/{account.id}"
    assert path in (await console.get("/accounts?search=carl&role=CUSTOMER&blocked=false")).text
    assert "a shop’s own program" in await send(console, f"{path}/role", role="SERVICE")
    assert "oc_" in await send(console, f"{path}/keys/new", name="the shop", scopes=["orders:write"], days="30")
    [key] = [key async for key in admin.order_api.api_keys(account_id=account.id)]
    assert "revoked" in await send(console, f"{path}/keys/{key.id}/revoke")
    assert "blocked" in await send(console, f"{path}/block")
    assert "may log in" in await send(console, f"{path}/block")
    assert 'class="secret"' in await send(console, f"{path}/reset-code")
    assert '"kind":"end"' in (await console.get(f"{path}/export.ndjson")).text.replace(" ", "")
    assert "role-changed" in (await console.get(path)).text
    erased = await send(console, f"{path}/erase", nickname="carl")
    assert "carl@home.example" not in erased
    assert (await admin.order_api.account(account.id)).email is None


def stage(page: str, name: str) -> str:
    """The numbers of a stage of the flow."""
    return page.partition(f'id="{name}-now"')[2].partition("</div>")[0]
