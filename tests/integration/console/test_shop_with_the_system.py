"""A history that comes in by file, and an order that somebody places in the shop, through the real services: it is seen in Flow
and in Features, and changes what `demand` says."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Page

from ordercast.client import Addresses, Client, open_client
from ordercast.client.errors import ClientError
from ordercast.client.follow_training import follow_training, until_served
from ordercast.infra.local.system import running_system
from ordercast.sample.market.make_market import make_market
from ordercast.sample.market.post_market import post_market
from ordercast.sample.market.simulate import simulate
from ordercast.system.operator_account import create_admin
from tests.integration.console.test_with_the_system import EMAIL, PASSWORD
from tests.support.offsets import free_offset

LOOKS: Final = 5
# Of the market whose year the model learns from.
SEED: Final = 16


def history() -> str:
    """Orders of others, to learn from."""
    rows = [
        f"old-{number},customer-{number},2026-10-{number + 1:02}T10:00:00Z,MUG-1,Mug,{1 + number % 4},4.50"
        for number in range(20)
    ]
    return "\n".join(["order_ref,account_ref,occurred_at,sku,name,quantity,unit_price", *rows, ""])


async def orders_in_flow(page: Page, address: str) -> int:
    await page.goto(f"{address}/flow")
    found = re.search(r"([\d,]+) orders", await page.inner_text("#requests-now"))
    return int(found[1].replace(",", "")) if found else 0


async def learned(admin: Client) -> str:
    """The version of demand that a small shop's year has taught, and that answers now."""
    until = datetime.now(UTC).date() - timedelta(days=1)
    await post_market(admin, simulate(make_market(SEED, until, accounts=120, products=24)))
    started = await admin.trainer.start("demand", members=2, epochs=2, seed=3, publish="always")
    ended = await follow_training(admin.trainer, started.id, lambda epoch, epochs, loss: None)
    assert ended.model_version, ended.error
    await until_served(admin.predictor, ended.model_version, "demand")
    return ended.model_version


async def figures_of(page: Page, within: str) -> list[str]:
    """The numbers that a part of a page shows large, with their units."""
    texts = await page.locator(f"section[aria-labelledby={within}] .figure").all_inner_texts()
    assert texts
    return [" ".join(text.split()) for text in texts]


async def test_an_order_of_the_shop_is_seen_in_the_features_and_changes_the_prediction(
    tmp_path: Path, open_reader: Any
) -> None:
    async with running_system(tmp_path / "state", free_offset()) as system:
        await create_admin(system.plan.postgres.url(), EMAIL, "ann", PASSWORD)
        async with open_client(Addresses.of(system.urls)) as anonymous:
            admin = await anonymous.log_in(EMAIL, PASSWORD)
            reader = await open_reader(system.urls["console"])
            page = reader.page
            await page.goto(f"{reader.address}/shop/log-in?after=/import")
            await page.fill("#email", EMAIL)
            await page.fill("#password", PASSWORD)
            await page.click("button.main")
            await page.wait_for_url("**/import")
            (tmp_path / "history.csv").write_text(history())
            await page.set_input_files("#file", tmp_path / "history.csv")
            await page.fill("[name=currency]", "EUR")
            await page.click("text=Look at it")
            await page.click("text=Import it")
            await page.get_by_text("What came in").wait_for()
            assert "new orders: 20" in await page.inner_text("main")
            product, ann = await admin.order_api.product_by_sku("MUG-1"), await admin.order_api.me()
            await admin.order_api.change_product(product.id, name="Mug", price="4.50", currency="EUR", active=True)
            version = await learned(admin)
            expected = (await admin.predictor.forecast(product.id)).expected
            await page.goto(f"{reader.address}/predict?account={ann.id}&product={product.id}")
            assert version in await page.inner_text("main")
            unseen = await figures_of(page, "answer")

            while not (before := await orders_in_flow(page, reader.address)):
                pass
            for _ in range(LOOKS):
                await page.goto(f"{reader.address}/shop/products/{product.id}")
            await page.fill("[name=quantity]", "3")
            await page.click("text=Put into the cart")
            await page.wait_for_url("**/shop/cart")
            await page.dblclick("button.main")
            await page.wait_for_url("**/shop/orders/**")
            await page.click("text=My orders")
            assert await page.locator("tbody tr").count() == 1

            while True:
                try:
                    row = await admin.predictor.features(ann.id, product.id)
                except ClientError:
                    continue
                if (row.view_count, row.order_count, row.total_quantity) == (LOOKS, 1, 3):
                    break
            while await orders_in_flow(page, reader.address) != before + 1:
                pass
            await page.goto(f"{reader.address}/features?account={ann.id}&product={product.id}")
            text = await page.inner_text("main")
            assert re.search(rf"view_count\s+{LOOKS}\s", text), text
            assert re.search(r"total_quantity\s+3\s", text), text
            # The predictor looks every two seconds whether there is anything new.
            while (said := await admin.predictor.demand(ann.id, product.id)).features["pair_orders"] == 0:
                pass
            assert said.model_version == version
            await page.goto(f"{reader.address}/shop/orders")
            await page.click("tbody a")
            await page.click("text=What this account will order of it now")
            seen = await figures_of(page, "answer")
            assert seen != unseen
            assert seen[0] == f"{100 * said.order_probability:.1f}%"
            assert version in await page.inner_text("main")
            forecast = await admin.predictor.forecast(product.id)
            assert (forecast.model_version, forecast.expected != expected) == (version, True)
            assert await reader.violations() == []
            assert reader.problems == []

            await page.goto(f"{reader.address}/shop/products/{product.id}")
            await page.fill("#text", "It holds tea.")
            await page.click("text=Write the review")
            # Its text stands in the form, too, to be changed.
            await page.locator("#reviews .lines").get_by_text("It holds tea.").wait_for()
            assert "5 of 5" in await page.inner_text("main")
