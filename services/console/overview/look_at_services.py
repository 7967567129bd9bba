"""Whether each service is well, by its own word: /readyz, and the numbers in /metrics that call for a person."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import httpx
import msgspec

from ordercast.first_line import first_line
from ordercast.services.console.flow.numbers import LAG_S, Numbers
from ordercast.services.console.parts import PART_DEADLINE_S
from ordercast.services.console.words import Words

# What is said of a service that does not tell its state here: they keep a port of their own for that.
NOT_FOUND: Final = 404


class _Readiness(msgspec.Struct):
    checks: dict[str, str]


@dataclass(frozen=True, slots=True)
class ServiceState:
    """`away` is why it does not answer; `failing` the parts that it misses, each with the reason. `tells` whether it says more
    than that it lives."""

    name: str
    away: str | Words | None = None
    failing: Mapping[str, str] | None = None
    tells: bool = True
    numbers: Numbers = field(default_factory=Numbers)

    @property
    def lag_s(self) -> float | None:
        """Of a worker: the longest that an event waits for it."""
        return self.numbers.highest(LAG_S)


async def look_at_services(http: httpx.AsyncClient, addresses: Mapping[str, str]) -> list[ServiceState]:
    return list(await asyncio.gather(*(_look_at(http, name, address) for name, address in addresses.items())))


async def _look_at(http: httpx.AsyncClient, name: str, address: str) -> ServiceState:
    try:
        ready, metrics = await asyncio.gather(
            http.get(f"{address}/readyz", timeout=PART_DEADLINE_S),
            http.get(f"{address}/metrics", timeout=PART_DEADLINE_S),
        )
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:  # the last two of an address that is none
        return ServiceState(name, away=first_line(error))
    if ready.status_code == NOT_FOUND:
        return ServiceState(name, tells=False)
    try:
        checks = msgspec.json.decode(ready.content, type=_Readiness).checks
    except msgspec.DecodeError:
        return ServiceState(
            name, away=Words("%(address)s answers, but is no service of Ordercast", {"address": address})
        )
    failing = {part: outcome for part, outcome in checks.items() if outcome != "ok"}
    return ServiceState(name, failing=failing, numbers=Numbers.of(metrics.text if metrics.is_success else ""))
