"""The metrics of services/shared/telemetry/metrics.py as a table for people."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from prometheus_client import Counter, Gauge, Histogram, Info
from prometheus_client.metrics import MetricWrapperBase

from ordercast.services.shared.telemetry import metrics

# Lines around the table in docs/observability.md.
BEGIN: Final = "<!-- metrics: written by `python -m ordercast.infra.observability.generate` -->"
END: Final = "<!-- /metrics -->"
# What Prometheus's text format adds to a metric's name.
_SUFFIXES: Final = {Counter: "_total", Gauge: "", Histogram: "", Info: "_info"}


@dataclass(frozen=True, slots=True)
class Described:
    """A metric as a reader of /metrics sees it. A histogram's series also end with _bucket, _sum and _count."""

    name: str
    kind: str
    labels: tuple[str, ...]
    help: str


def described() -> Iterator[Described]:
    """All metrics in the order of their file."""
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            [family] = metric.describe()
            name = family.name + _SUFFIXES[type(metric)]
            # The library has no public way to ask for the labels of a metric that has no values yet.
            yield Described(name, family.type, metric._labelnames, family.documentation)


def table() -> str:
    lines = ["| metric | kind | labels | what it tells |", "|---|---|---|---|"]
    for metric in described():
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        lines.append(f"| `{metric.name}` | {metric.kind} | {labels} | {metric.help} |")
    return "\n".join(lines)


def with_table(document: str) -> str:
    """The document with the table as it is now. Raises ValueError if the lines around it are missing."""
    before, _, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"the document has no lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"
