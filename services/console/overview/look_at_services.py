"""Whether each service is healthy, by its own word: /readyz, and the numbers in /metrics that call for a person."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import httpx
import msgspec

from ordercast.first_line import first_line
from ordercast.services.console.flow.numbers import LAG_S, Numbers
from ordercast.services.console.parts import PART_DEADLINE_S, no_answer_within
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
    failing: Mapping[str, str | Words] | None = None
    tells: bool = True
    numbers: Numbers = field(default_factory=Numbers)

    @property
    def lag_s(self) -> float | None:
        """Of a worker: the longest that an event waits for it."""
        return self.numbers.highest(LAG_S)


async def look_at_services(http: httpx.AsyncClient, addresses: Mapping[str, str]) -> list[ServiceState]:
    return list(await asyncio.gather(*(_look_at(http, name, address) for name, address in addresses.items())))


async def _look_at(http: httpx.AsyncClient, name: str, address: str) -> ServiceState:
    deadline_s = PART_DEADLINE_S
    try:
        # As a whole: httpx's own deadline begins anew with each byte.
        async with asyncio.timeout(deadline_s):
            ready, metrics = await asyncio.gather(
                http.get(f"{address}/readyz", timeout=deadline_s), http.get(f"{address}/metrics", timeout=deadline_s)
            )
    except TimeoutError:
        return ServiceState(name, away=no_answer_within(deadline_s))
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:  # the last two of an address that is none
        return ServiceState(name, away=first_line(error))
    if ready.status_code == NOT_FOUND:
        return ServiceState(name, tells=False)
    try:
        checks = msgspec.json.decode(ready.content, type=_Readiness).checks
    except (ValueError, RecursionError):  # no JSON, no UTF-8, or nested without an end
        return ServiceState(
            name, away=Words("%(address)s answers, but is no service of Ordercast", {"address": address})
        )
    failing: dict[str, str | Words] = {part: outcome for part, outcome in checks.items() if outcome != "ok"}
    try:
        numbers = Numbers.of(metrics.content.decode("utf-8", "replace") if metrics.is_success else "")
    except ValueError as error:
        unread = Words("its page of metrics cannot be read: %(reason)s", {"reason": first_line(error)})
        return ServiceState(name, failing=failing | {"metrics": unread})
    return ServiceState(name, failing=failing, numbers=numbers)
