"""Orders per second at 64 connections: order_api against the plain way, in turn, on the same PostgreSQL.

`python -m tests.bench.bench_orders [SECONDS]` takes about 8 times as many seconds. Neither side has a consumer behind it: the
figure is that of accepting orders.
"""

import asyncio
import json
import os
import random
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ordercast.infra.local.child import Command
from ordercast.infra.local.ports import free_port
from ordercast.infra.local.postgres import PostgresServer
from ordercast.infra.migrations.upgrade import upgrade
from ordercast.services.shared.db.engine import open_database
from ordercast.services.shared.http.caller import Caller
from ordercast.services.shared.http.token_keys import create_key_pair, load_private_key
from ordercast.services.shared.http.tokens import TokenSigner
from tests.bench.http_load import Load, LoadReport, run_load
from tests.support.embedded import running
from tests.support.seeds import seed_accounts, seed_products

CONNECTIONS: Final = 64
ROUNDS: Final = 3
ACCOUNTS: Final = 50
PRODUCTS: Final = 100


@dataclass(frozen=True, slots=True)
class Service:
    name: str
    arguments: tuple[str, ...]


PLAIN: Final = Service("plain", ("tests.bench.plain_order_service",))
ORDERCAST: Final = Service("order_api", ("ordercast.services.order_api",))


@dataclass(frozen=True, slots=True)
class Orders:
    """What the load sends: bodies of one to five items, as the sample makes them, and one token for all."""

    bodies: Sequence[str]
    token: str


def order_bodies(products: Sequence[int], count: int = 500) -> list[str]:
    draw = random.Random(1)
    return [
        json.dumps(
            {
                "items": [
                    {"product_id": draw.choice(products), "quantity": min(max(int(draw.gauss(5, 2)), 1), 10)}
                    for _ in range(min(max(int(draw.gauss(3, 1)), 1), 5))
                ]
            }
        )
        for _ in range(count)
    ]


async def measure(
    service: Service, environment: dict[str, str], orders: Orders, folder: Path, seconds: float
) -> LoadReport:
    port = free_port()
    command = Command(
        name=service.name,
        arguments=(sys.executable, "-m", *service.arguments, *([str(port)] if service is PLAIN else [])),
        environment={**os.environ, **environment, "ORDERCAST_PORT": str(port)},
        log=folder / f"{service.name}.log",
        stop_deadline_s=10,
    )

    async def answers() -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return False
        writer.close()
        return True

    async with running(command, answers):
        return await run_load(
            Load(
                host="127.0.0.1",
                port=port,
                paths=["/orders"],
                bodies=list(orders.bodies),
                headers={"Authorization": f"Bearer {orders.token}"},
                connections=CONNECTIONS,
                seconds=seconds,
                expected_status=201,
            )
        )


@asynccontextmanager
async def prepared(folder: Path) -> AsyncIterator[tuple[dict[str, str], Orders]]:
    """A durable PostgreSQL with accounts and products, and the variables that a service on it needs."""
    server = PostgresServer(folder, free_port(), "bench", folder / "postgres.log")
    await server.prepare()
    async with running(server.command(), server.answers):
        await server.create_database()
        await asyncio.to_thread(upgrade, server.url())
        create_key_pair(folder / "private.pem", folder / "public.pem")
        async with open_database(server.url(), application="bench") as sessions:
            accounts = await seed_accounts(sessions, ACCOUNTS)
            products = await seed_products(sessions, [f"{number}.50" for number in range(PRODUCTS)])
        token = TokenSigner(load_private_key(folder / "private.pem")).sign(Caller(accounts[0], "CUSTOMER"))
        environment = {
            "ORDERCAST_DATABASE_URL": server.url(),
            "ORDERCAST_KAFKA_BOOTSTRAP": "127.0.0.1:9",
            "ORDERCAST_ORDERS_PER_MINUTE": str(10**9),  # what the service carries, not what it allows
            "ORDERCAST_TOKEN_PRIVATE_KEY_FILE": str(folder / "private.pem"),
            "ORDERCAST_TOKEN_PUBLIC_KEY_FILE": str(folder / "public.pem"),
        }
        yield environment, Orders(order_bodies(products), token)


async def main(seconds: float) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with prepared(folder) as (environment, orders):
            ratios = []
            for number in range(1, ROUNDS + 1):
                plain = await measure(PLAIN, environment, orders, folder, seconds)
                ours = await measure(ORDERCAST, environment, orders, folder, seconds)
                ratios.append(ours.rate / plain.rate)
                for service, report in ((PLAIN, plain), (ORDERCAST, ours)):
                    print(
                        f"round {number} {service.name:9} {report.rate:7.0f} orders/s  p50 {report.p50_ms:6.1f} ms"
                        f"  p99 {report.p99_ms:6.1f} ms  failed {report.failed}"
                    )
            print(f"orders: {statistics.median(ratios):.1f} times the plain way (median of {ROUNDS} rounds)")


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 5.0))
