"""Figures from a service's /metrics."""

from dataclasses import dataclass
from typing import Final

import httpx
from prometheus_client.parser import text_string_to_metric_families

# Deadline (s) for the answer.
TIMEOUT_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Metrics:
    """The values of each metric, over all its labels. Empty if the service did not answer."""

    values: dict[str, list[float]]

    def total(self, name: str) -> int | None:
        """The sum over all labels, or None if the service does not keep this metric or did not answer."""
        values = self.values.get(name)
        return None if values is None else round(sum(values))


async def read_metrics(url: str) -> Metrics:
    """The metrics of the service at a base URL."""
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False, verify=False) as client:  # noqa: S501 - http
            answer = await client.get(f"{url}/metrics")
    except httpx.HTTPError:
        return Metrics({})
    values: dict[str, list[float]] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            values.setdefault(sample.name, []).append(sample.value)
    return Metrics(values)
