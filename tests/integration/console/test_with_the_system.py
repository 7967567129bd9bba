"""The console as `ordercast up` starts it, before the real services."""

from decimal import Decimal
from pathlib import Path
from typing import Final

import httpx

from ordercast.client import Addresses, open_client
from ordercast.infra.local.system import running_system
from ordercast.system.operator_account import create_admin
from tests.integration.console.test_log_in import csrf_in
from tests.support.offsets import free_offset

EMAIL: Final = "ann@shop.example"
PASSWORD: Final = "long enough for an admin, 7 times"


async def test_an_order_that_was_placed_is_seen_on_the_overview(tmp_path: Path) -> None:
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
                await admin.order_api.place_order([(product.id, 3)])
            # Trends may be a second old.
            while "Mug of the console" not in (page := (await console.get("/overview/numbers")).text):
                pass
            assert "ordercast sample" not in page
