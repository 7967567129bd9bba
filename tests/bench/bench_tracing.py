"""What traces cost: order_api without a collector, with one trace in a hundred, and with all of them, in turn.

`python -m tests.bench.bench_tracing [SECONDS]` takes about 12 times as many seconds. The collector runs in the process of the
benchmark and only takes the spans.
"""

import asyncio
import statistics
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.bench.bench_orders import ORDERCAST, ROUNDS, measure, prepared
from tests.support.collector import running_collector

# By name; empty: no collector.
SETTINGS: Final[Mapping[str, Mapping[str, str]]] = {
    "no collector": {},
    "1 % of traces": {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.01"},
    "all traces": {"OTEL_TRACES_SAMPLER": "parentbased_always_on"},
}


async def main(seconds: float) -> None:
    with tempfile.TemporaryDirectory() as name, running_collector() as collector:
        async with prepared(Path(name)) as (environment, orders):
            rates: dict[str, list[float]] = {setting: [] for setting in SETTINGS}
            for number in range(1, ROUNDS + 1):
                for setting, variables in SETTINGS.items():
                    endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url if variables else ""}
                    report = await measure(
                        ORDERCAST, {**environment, **variables, **endpoint}, orders, Path(name), seconds
                    )
                    rates[setting].append(report.rate)
                    print(
                        f"round {number} {setting:13} {report.rate:7.0f} orders/s  p50 {report.p50_ms:6.1f} ms"
                        f"  p99 {report.p99_ms:6.1f} ms  failed {report.failed}"
                    )
    without = rates["no collector"]
    for setting in list(SETTINGS)[1:]:
        ratio = statistics.median(ours / bare for ours, bare in zip(rates[setting], without, strict=True))
        print(f"orders with {setting}: {ratio:.2f} times the rate without a collector (median of {ROUNDS} rounds)")
    print(f"the collector took {len(collector.spans)} spans")


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 5.0))
