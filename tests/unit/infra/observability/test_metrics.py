"""What every metric must be: named with its unit, explained, and without labels that clients can fill."""

import pytest
from prometheus_client import REGISTRY

from ordercast.infra.observability.metrics_table import Described, described, table, with_table

# Their values are fixed by the code, but for `route` (a template), `partition` and `version`, which grow with the system alone.
ALLOWED_LABELS = {
    "method",
    "route",
    "status",
    "topic",
    "partition",
    "outcome",
    "reason",
    "kind",
    "recipe",
    "feature",
    "state",
    "answer",
    "work",
    "server",
}
UNITS = (
    "_seconds",
    "_events",
    "_rows",
    "_ratio",
    "_total",
    "_info",
    "_per_commit",
    "_streams",
    "_shards",
    "_webhooks",
    "_deviance",
    "_psi",
)

METRICS = list(described())


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_metric_has_our_prefix_its_unit_a_text_and_no_label_that_a_client_can_fill(metric: Described) -> None:
    assert metric.name.startswith("ordercast_")
    assert metric.name.endswith(UNITS)
    assert metric.help.endswith(".")
    assert set(metric.labels) <= ALLOWED_LABELS


def test_the_table_is_whole() -> None:
    names = [metric.name for metric in METRICS]
    assert len(names) == len(set(names)) > 20
    ours = {
        family.name for family in REGISTRY.collect() if family.name.startswith("ordercast_")
    }  # a counter's family has no _total
    assert {name.removesuffix("_total").removesuffix("_info") for name in names} == ours
    assert len(table().splitlines()) == 2 + len(names)


def test_a_process_tells_of_itself() -> None:
    families = {family.name for family in REGISTRY.collect()}
    assert {"process_resident_memory_bytes", "process_start_time_seconds", "process_cpu_seconds"} <= families


def test_a_document_without_the_lines_around_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="the document has no lines"):
        with_table("# Eyes on it\n")
