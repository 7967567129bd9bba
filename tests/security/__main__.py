"""Starts a system, attacks it, prints what each attack got, and in the end compares every row: `python -m tests.security`.

Exit code 1 if anything got something else than it should, or if `verify` finds a difference. All of it goes to loopback.
"""

import asyncio
import logging
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from typing import Final

import httpx
from rich.console import Console

from ordercast.client import Client, open_client
from ordercast.client.credentials import Login
from ordercast.infra.local.system import System, running_system
from ordercast.system.access import addresses_of
from ordercast.system.operator_account import create_admin
from ordercast.verify import verify
from tests.security import attacks, callers, servers
from tests.security.console import every_page
from tests.security.findings import Finding, show
from tests.security.log_outs import log_outs
from tests.support.offsets import free_offset

ORDERS: Final = 20
CAUGHT_UP_WITHIN_S: Final = 60.0
REQUEST_DEADLINE_S: Final = 60.0


async def attack(system: System, console: Console) -> int:
    """How many differences there are."""
    login = Login("who-attacks@example.com", callers.PASSWORD)
    await create_admin(system.info.database_url, login.email, "who attacks", login.password)
    async with (
        open_client(addresses_of(system.info)) as anonymous,
        httpx.AsyncClient(trust_env=False, timeout=REQUEST_DEADLINE_S) as http,
    ):
        admin = await anonymous.log_in(login.email, login.password)
        headers = await callers.log_in(http, system.urls["order_api"], login.email, login.password)
        product = (await admin.order_api.create_product("sku-1", "Mug", Decimal("2.50"), "EUR")).id
        of = await callers.members(http, system, headers)
        customer = await anonymous.log_in(callers.email_of("CUSTOMER"), callers.PASSWORD)
        await shop(customer, product)
        differences = show(console, "Before", await verified(system))
        for title, findings in (
            ("Every operation as every kind of caller", callers.walk(http, system, of)),
            ("What belongs to another account", callers.reach(http, system, of, product)),
            (
                "Every page and form of the console",
                every_page(system, {role: callers.email_of(role) for role in of}, callers.PASSWORD),
            ),
            ("Bodies", attacks.bodies(http, system, of["CUSTOMER"].headers)),
            ("Pages and lines", attacks.pages(http, system, of["CUSTOMER"].headers, product)),
            ("Log-ins and tokens", attacks.log_ins(http, system, callers.email_of("CUSTOMER"), callers.PASSWORD)),
            (
                "Log-outs",
                log_outs(
                    http,
                    system,
                    callers.email_of("CUSTOMER"),
                    callers.PASSWORD,
                    others_email=callers.email_of("SERVICE"),
                ),
            ),
            ("What one connection may send, on the ports of all six processes", attacks.on_every_port(system)),
            ("Connections", attacks.connections(system)),
            ("The database", servers.database(system)),
            ("Kafka", servers.kafka(system)),
        ):
            differences += show(console, title, await findings)
        await servers.junk(system)
        await shop(customer, product)
    return differences + show(console, "After all of it", await verified(system))


async def shop(customer: Client, product: int) -> None:
    """Orders and views, of which none may be lost or counted twice."""
    for number in range(ORDERS):
        await customer.order_api.place_order([(product, number + 1)])
    await customer.order_api.add_views([{"product_id": product, "count": number + 1} for number in range(ORDERS)])


async def verified(system: System) -> list[Finding]:
    result = await verify(system.info.database_url, system.info.kafka_address, wait_s=CAUGHT_UP_WITHIN_S)
    again = [name for name in system.supervisor.names() if system.supervisor.restarts(name)]
    return [
        Finding.compared(
            f"verify: {result.order_items} order lines, {result.views} views, {result.feature_rows} rows recomputed",
            "0 differences",
            f"{result.difference_count} differences",
        ),
        Finding.compared("processes that had to be started again", "none", ", ".join(again) or "none"),
    ]


async def main() -> int:
    logging.basicConfig(handlers=[logging.NullHandler()])  # the Kafka client tells of each refusal
    began = time.monotonic()
    console = Console(width=None if sys.stdout.isatty() else 220)
    with tempfile.TemporaryDirectory() as folder:
        async with running_system(Path(folder) / "state", free_offset()) as system:
            differences = await attack(system, console)
    console.print(f"security: {differences} differences, after {time.monotonic() - began:.0f} s")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
