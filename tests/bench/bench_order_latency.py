"""From an order's commit to its feature row, with a relay that hears of the commit and with one that looks in pauses.

    python -m tests.bench.bench_order_latency [ORDERS]

Orders come one at a time, at random moments, on a system that has nothing else to do. The plain way is a relay without NOTIFY: it
looks again after 10 ms, and after twice as long each time that it finds nothing, up to 160 ms.
"""

import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Final

from ordercast.services.order_api.orders.outbox_signal import OutboxSignal
from ordercast.services.order_api.orders.place_orders import Line, OrderRequest, PlaceOrders
from ordercast.services.order_api.orders.relay_outbox import LOOK_EVERY_S, RelayOutbox
from ordercast.services.shared.kafka.publisher import open_publisher
from ordercast.services.shared.process.background import running_beside
from tests.bench.bench_scale import ACCOUNTS, PARTITIONS, Bench, prepared

ORDERS: Final = 100
# Between two orders (s), drawn anew each time, so that they meet every moment of a pause.
PAUSE_S: Final = (0.2, 0.5)
# Between two looks (s) for the row: what a figure is too large by, at most.
LOOK_S: Final = 0.002
REST_S: Final = 15.0
FIRST_PAUSE_S: Final = 0.01
LONGEST_PAUSE_S: Final = 0.16
ROWS_SQL: Final = "SELECT coalesce(sum(order_count), 0) FROM feature_rows"

Run = Callable[[asyncio.Event], Awaitable[None]]


async def look_in_pauses(relay: RelayOutbox, stopping: asyncio.Event) -> None:
    await relay.create_leases()
    while not stopping.is_set():
        await relay.renew_leases()
        again, pause = perf_counter() + LOOK_EVERY_S, FIRST_PAUSE_S
        while perf_counter() < again and not stopping.is_set():
            if await relay.relay_once():
                pause = FIRST_PAUSE_S
            else:
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_S)
    await relay.leave()


async def latencies(bench: Bench, orders: int) -> list[float]:
    """Seconds from each commit until the feature table has it."""
    place, draw, measured = PlaceOrders(bench.sessions, partitions=PARTITIONS), random.Random(1), []
    for number in range(orders):
        await asyncio.sleep(draw.uniform(*PAUSE_S))
        before = await bench.scalar(ROWS_SQL)
        await place([OrderRequest(bench.accounts[number % ACCOUNTS], [Line(draw.choice(bench.products), 1)])])
        committed = perf_counter()
        while await bench.scalar(ROWS_SQL) == before:
            await asyncio.sleep(LOOK_S)
        measured.append(perf_counter() - committed)
    return measured


async def measure(bench: Bench, name: str, runs: list[Run], orders: int) -> None:
    async with AsyncExitStack() as stack:
        for run in runs:
            await stack.enter_async_context(running_beside(run, name=name))
        await latencies(bench, 3)  # connections are made, shards are claimed
        used = time.process_time()
        await asyncio.sleep(REST_S)
        at_rest = (time.process_time() - used) / REST_S
        measured = sorted(await latencies(bench, orders))
    print(
        f"{name:<16} {1e3 * statistics.median(measured):4.0f} ms median, {1e3 * measured[int(0.99 * orders)]:4.0f} ms p99;"
        f" the relay at rest {100 * at_rest:.1f} % of a core"
    )


async def main() -> None:
    orders = int(sys.argv[1]) if len(sys.argv) > 1 else ORDERS
    with tempfile.TemporaryDirectory() as folder:
        async with (
            prepared(Path(folder)) as bench,
            open_publisher(bench.bootstrap, client_id="bench") as publisher,
            bench.processes(1, "ordercast.services.feature_worker"),
        ):
            signal = OutboxSignal(bench.sessions)
            relay = partial(RelayOutbox, bench.sessions, publisher, partitions=PARTITIONS)
            heard = relay(owner="notify", committed=signal.committed)
            await measure(bench, "NOTIFY", [signal.run, heard.run], orders)
            await measure(bench, "pauses (plain)", [partial(look_in_pauses, relay(owner="pauses"))], orders)


if __name__ == "__main__":
    asyncio.run(main())
