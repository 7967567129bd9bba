"""Pages of documentation whose commands need no more than a running system: all of them are run."""

import json
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest

from tests.integration.cli.conftest import Running
from tests.integration.cli.shown_commands import run_page, token_of

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


async def test_orders(running: Running) -> None:
    line = {
        "account_ref": "who",
        "order_ref": uuid4().hex,
        "items": [{"sku": "OF-A-HISTORY", "quantity": 1, "unit_price": "2.50"}],
        "occurred_at": "2026-01-02T00:00:00Z",
    }
    Path("history.ndjson").write_text(json.dumps(line))
    said = await run_page("docs/orders.md", running, token=await token_of(running))
    assert [answer for command, answer in said.items() if "/orders/import" in command and '"created":1' in answer]


async def test_products(running: Running) -> None:
    (answer,) = (await run_page("docs/products.md", running, token=await token_of(running))).values()
    assert json.loads(answer)["refused"] == []


async def test_the_console(running: Running) -> None:
    await run_page("docs/console.md", running, answer=f"{PASSWORD}\n{PASSWORD}\n")
    await running.anonymous.log_in("you@example.com", PASSWORD)


async def test_runbooks(running: Running) -> None:
    webhook = await running.admin.order_api.create_webhook("https://hooks.example.com", ["order.placed"])
    try:
        others = {
            "deliveries 1 ": f"deliveries {webhook.id} ",
            # No number is missing here, which is said; test_verify.py has them resumed where some are.
            'ordercast features resume --stream outbox --reason "power cut of the 3rd"': "",
            'ordercast features resume --stream outbox --reason "who it was"': "",
        }
        said = await run_page("docs/runbooks.md", running, instead=others)
    finally:
        await running.admin.order_api.delete_webhook(webhook.id)
    assert "0 differences" in said["ordercast verify"]


async def test_the_readme_over_http(running: Running) -> None:
    product = await running.admin.order_api.create_product(uuid4().hex, "Any", Decimal(1), "EUR")
    # Others have followed a page here before.
    somebody = f"ann-{uuid4().hex[:8]}"
    others = {
        "ann@example.com": f"{somebody}@example.com",
        '"nickname": "ann"': f'"nickname": "{somebody}"',
        "curl -s 'localhost:8002/predictions?view_count=5000'": "",  # there is no model here; test_forecast.py asks so
        '"product_id": 1': f'"product_id": {product.id}',
    }
    said = await run_page("README.md", running, section="Over HTTP", instead=others)
    order = next(answer for command, answer in said.items() if "/orders" in command)
    assert json.loads(order)["items"][0]["quantity"] == 3


async def test_the_rights_that_kafka_needs(running: Running) -> None:
    said = await run_page("infra/helm/README.md", running)
    assert "--transactional-id states" in said["ordercast kafka rights --commands"]
