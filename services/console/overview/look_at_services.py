"""Whether each service is well, by its own word: /readyz, and the numbers in /metrics that call for a person."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import httpx
import msgspec
from prometheus_client.parser import text_string_to_metric_families

from ordercast.first_line import first_line
from ordercast.services.console.parts import PART_DEADLINE_S

# What is said of a service that does not tell its state here: they keep a port of their own for that.
NOT_FOUND: Final = 404
OUTBOX_DEAD_LETTERS: Final = "ordercast_outbox_dead_letters_events"
WORKER_DEAD_LETTERS: Final = "ordercast_worker_dead_letters_total"
WORKER_ALARMS: Final = "ordercast_worker_alarms_total"
GAP_STREAMS: Final = "ordercast_worker_gap_streams"
LAG: Final = "ordercast_worker_lag_seconds"
_COUNTED: Final = frozenset({OUTBOX_DEAD_LETTERS, WORKER_DEAD_LETTERS, WORKER_ALARMS, GAP_STREAMS})


class _Readiness(msgspec.Struct):
    checks: dict[str, str]


@dataclass(frozen=True, slots=True)
class ServiceState:
    """`away` is why it does not answer; `failing` the parts that it misses, each with the reason. `tells` whether it says more
    than that it lives. `numbers` are sums over all labels, but the lag, which is the longest; `metrics` the whole page of them."""

    name: str
    away: str | None = None
    failing: Mapping[str, str] | None = None
    tells: bool = True
    numbers: Mapping[str, float] | None = None
    metrics: str = ""

    @property
    def is_well(self) -> bool:
        return self.away is None and not self.failing


async def look_at_services(http: httpx.AsyncClient, addresses: Mapping[str, str]) -> list[ServiceState]:
    return list(await asyncio.gather(*(_look_at(http, name, address) for name, address in addresses.items())))


async def _look_at(http: httpx.AsyncClient, name: str, address: str) -> ServiceState:
    try:
        ready, metrics = await asyncio.gather(
            http.get(f"{address}/readyz", timeout=PART_DEADLINE_S),
            http.get(f"{address}/metrics", timeout=PART_DEADLINE_S),
        )
    except httpx.HTTPError as error:
        return ServiceState(name, away=first_line(error))
    if ready.status_code == NOT_FOUND:
        return ServiceState(name, tells=False)
    try:
        checks = msgspec.json.decode(ready.content, type=_Readiness).checks
    except msgspec.DecodeError:
        return ServiceState(name, away=f"{address} answers, but is no service of Ordercast")
    failing = {part: outcome for part, outcome in checks.items() if outcome != "ok"}
    told = metrics.text if metrics.is_success else ""
    return ServiceState(name, failing=failing, numbers=numbers_in(told), metrics=told)


def numbers_in(text: str) -> dict[str, float]:
    """The numbers of a page of metrics that the overview shows."""
    found: dict[str, float] = {}
    # Parsed are the few lines that matter: a service's whole page takes 20 ms.
    wanted = (*_COUNTED, LAG)
    lines = "\n".join(line for line in text.splitlines() if line.startswith(wanted))
    for family in text_string_to_metric_families(lines + "\n"):
        for sample in family.samples:
            before = found.get(sample.name, 0.0)
            found[sample.name] = max(before, sample.value) if sample.name == LAG else before + sample.value
    return found
