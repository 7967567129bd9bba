"""What recipe `demand` answers over HTTP: a pair beside an endpoint that answers with one query, an account's page, forecasts.

`python -m tests.bench.bench_demand [SECONDS]` takes about 12 times as many seconds. The other endpoint is one of the same process
(`predictor_beside_plain`), asked by the same connections in turn. The shop has 5,000 products, 2,000 accounts with some 60 of them
each, and one account with all; every request asks for another pair, and the predictor keeps no answers. The version has the
shape of the recipe, trees for products too, and random weights: the time does not depend on what was learned.
"""

import asyncio
import random
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx
from sqlalchemy import text

from ordercast.contracts.demand_manifest import DemandData
from ordercast.infra.local.postgres import PostgresServer
from ordercast.services.shared.db.engine import open_database
from ordercast.services.shared.db.models import ModelVersion
from ordercast.services.shared.http.caller import Caller
from ordercast.services.shared.http.token_keys import load_private_key
from ordercast.services.shared.http.tokens import TokenSigner
from tests.bench.bench_predictions import WARM_UP_S, predictor, processor_seconds, record_model
from tests.bench.http_load import Load, LoadReport, run_load
from tests.support.demand_versions import RECIPE_SHAPE, demand_version, recipe_trees, with_trees, write_whole

CONNECTIONS: Final = 16
ROUNDS: Final = 3
PRODUCTS: Final = 5_000
ACCOUNTS: Final = 2_000
# Has ordered every product; the others some 60 each.
LARGE_ACCOUNT: Final = ACCOUNTS
# More different pairs than a connection asks for before they come round again.
PAIRS: Final = 20_000
# What the product promises.
PROMISED_RATIO: Final = 0.5
PROMISED_FORECASTS_S: Final = 1.0
# Times that a page of forecasts is asked for.
PAGES: Final = 5

_SHOP: Final = f"""
    INSERT INTO accounts (id, nickname, role, login_type) OVERRIDING SYSTEM VALUE
        SELECT id, 'n' || id, 'CUSTOMER', 'EXTERNAL' FROM generate_series(1, {ACCOUNTS}) AS id;
    INSERT INTO products (id, sku, name, price, currency) OVERRIDING SYSTEM VALUE
        SELECT id, 's' || id, 'a thing', 5, 'EUR' FROM generate_series(1, {PRODUCTS}) AS id;
    INSERT INTO pair_activity (account_id, product_id, day, known_on, orders, order_lines, first_lines, quantity, amount,
            cancelled_quantity, views, carts)
        SELECT account, product, day, day, 1, 1, 1, 1 + account % 30, 5 * (1 + account % 30), 0, 2, 1
        FROM (
            SELECT account, 1 + (account * 7919 + pair * 617) % {PRODUCTS} AS product,
                current_date - 2 - (account * 31 + pair * 17 + again * 97) % 400 AS day
            FROM generate_series(1, {ACCOUNTS} - 1) AS account, generate_series(1, 60) AS pair, generate_series(1, 3) AS again
            UNION ALL
            SELECT {LARGE_ACCOUNT}, product, current_date - 2 - product % 400 FROM generate_series(1, {PRODUCTS}) AS product
        ) AS shop
        ON CONFLICT DO NOTHING;
    INSERT INTO feature_positions (topic, partition, next_offset, updated_at) VALUES ('orders', 0, 1, now());
"""  # noqa: S608 - of whole numbers


async def fill(server: PostgresServer, artifacts: Path) -> None:
    """The shop, and a version of each recipe; that of `demand` was trained today, so its intervals are as they are."""
    await record_model(server, artifacts)
    today = datetime.now(UTC).date()
    data = DemandData(1_000, "0" * 64, today.replace(year=today.year - 1), today, ())
    model = write_whole(artifacts, *with_trees(demand_version(shape=RECIPE_SHAPE, data=data), arrays=recipe_trees()))
    row = ModelVersion(
        version=model.version,
        training_id=UUID(model.manifest.training_id),
        recipe="demand",
        manifest_sha256=model.manifest_sha256,
    )
    async with open_database(server.url(), application="bench") as sessions, sessions() as session, session.begin():
        for statement in _SHOP.split(";\n"):
            if statement.strip():
                await session.execute(text(statement))
        session.add(row)


def pairs(kind: str) -> list[str]:
    drawn = random.Random(1)
    return [f"/{kind}/{drawn.randint(1, ACCOUNTS - 1)}/{drawn.randint(1, PRODUCTS)}" for _ in range(PAIRS)]


async def measure(port: int, paths: list[str], token: str, connections: int, seconds: float) -> LoadReport:
    return await run_load(
        Load(
            host="127.0.0.1",
            port=port,
            paths=paths,
            bodies=[],
            headers={},
            connections=connections,
            seconds=seconds,
            warm_up_s=WARM_UP_S,
            tokens=[token],
        )
    )


async def rate(
    name: str, port: int, process: Any, paths: list[str], token: str, connections: int, seconds: float
) -> float:
    """Measures one side and prints it."""
    before = processor_seconds(process)
    report = await measure(port, paths, token, connections, seconds)
    # Of the warm-up too; unlike the rate it says nearly the same on a busy machine.
    spent = (processor_seconds(process) - before) / (seconds + WARM_UP_S)
    print(
        f"{connections:2} connections  {name:16} {report.rate:6.0f} requests/s  p50 {report.p50_ms:6.2f} ms"
        f"  p99 {report.p99_ms:6.2f} ms  failed {report.failed}  {spent / report.rate * 1e6:5.0f} µs of processor each"
    )
    return report.rate


async def serves(client: httpx.AsyncClient) -> None:
    """Waits until the version and the activity are there."""
    while (await client.get("/predictions/1/1", params={"recipe": "demand"})).status_code != 200:
        await asyncio.sleep(0.2)


async def seconds_of(client: httpx.AsyncClient, path: str, expected: int, **params: int) -> float:
    """The median time of a page with so many rows."""
    times = []
    for _ in range(PAGES):
        began = time.perf_counter()
        answer = await client.get(path, params=params)
        times.append(time.perf_counter() - began)
        assert len(answer.json()["data"]) == expected, answer.text[:200]
    return statistics.median(times)


async def main(seconds: float) -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        async with predictor(folder, fill, "tests.bench.predictor_beside_plain") as (port, process):
            token = TokenSigner(load_private_key(folder / "private.pem")).sign(Caller(1, "ADMIN"), lifetime_s=3_600)
            headers = {"Authorization": f"Bearer {token}"}
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60) as client:
                await serves(client)
                ratios = []
                for connections in (1, *[CONNECTIONS] * ROUNDS):
                    rates = [
                        await rate(name, port, process, pairs(kind), token, connections, seconds)
                        for name, kind in (("answer, one query", "plain"), ("pair by demand", "predictions"))
                    ]
                    ratios.append(rates[1] / rates[0])
                accounts = [f"/predictions/accounts/{account}" for account in range(1, ACCOUNTS)]
                await rate("page of 20", port, process, accounts, token, CONNECTIONS, seconds)
                large = await seconds_of(client, f"/predictions/accounts/{LARGE_ACCOUNT}", 20)
                forecasts = await seconds_of(client, "/forecasts/products", PRODUCTS, limit=PRODUCTS, weeks=4)
            megabytes = process.memory_info().rss / 1_000_000
    print(
        f"a pair: {statistics.median(ratios[1:]):.2f} times the rate of an answer with one query (median of {ROUNDS} rounds;"
        f" promised {PROMISED_RATIO})"
    )
    print(f"the 20 most probable of an account with {PRODUCTS:,} products: {1_000 * large:.0f} ms")
    print(f"forecasts of {PRODUCTS:,} products for 4 weeks: {forecasts:.2f} s (promised {PROMISED_FORECASTS_S:g} s)")
    print(f"the process: {megabytes:.0f} MB")


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 5.0))
