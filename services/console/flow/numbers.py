"""The numbers of a service's page of metrics that tell how the flow goes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

ORDERS: Final = "ordercast_orders_accepted_total"
VIEWS: Final = "ordercast_views_accepted_total"
PUBLISHED: Final = "ordercast_outbox_published_total"
BACKLOG: Final = "ordercast_outbox_backlog_events"
OLDEST_S: Final = "ordercast_outbox_oldest_seconds"
REFUSED_BY_KAFKA: Final = "ordercast_outbox_dead_letters_events"
EVENTS: Final = "ordercast_worker_events_total"
LAG_EVENTS: Final = "ordercast_worker_lag_events"
LAG_S: Final = "ordercast_worker_lag_seconds"
FRESHNESS_SUM: Final = "ordercast_worker_freshness_seconds_sum"
FRESHNESS_COUNT: Final = "ordercast_worker_freshness_seconds_count"
GAP_STREAMS: Final = "ordercast_worker_gap_streams"
PROGRESS: Final = "ordercast_training_progress_ratio"
TRAININGS: Final = "ordercast_trainings_total"
TRAINED_AT: Final = "ordercast_model_created_timestamp_seconds"
SERVED: Final = "ordercast_model_served_info"
PREDICTIONS: Final = "ordercast_predictions_total"
PREDICTION_SUM: Final = "ordercast_prediction_seconds_sum"
PREDICTION_COUNT: Final = "ordercast_prediction_seconds_count"
# Of every process: what tells it from the one before it, and from another behind the same address.
STARTED_AT: Final = "process_start_time_seconds"

_WANTED: Final = (
    *(ORDERS, VIEWS, PUBLISHED, BACKLOG, OLDEST_S, REFUSED_BY_KAFKA, EVENTS, LAG_EVENTS, LAG_S, FRESHNESS_SUM),
    *(FRESHNESS_COUNT, GAP_STREAMS, PROGRESS, TRAININGS, TRAINED_AT, SERVED, PREDICTIONS),
    *(PREDICTION_SUM, PREDICTION_COUNT, STARTED_AT),
)


@dataclass(frozen=True, slots=True)
class Numbers:
    """By metric: each value with its labels."""

    by_name: Mapping[str, list[tuple[Mapping[str, str], float]]] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str) -> "Numbers":
        """What is no number, or without an end, is not told.

        Raises:
            ValueError: the page cannot be read.
        """
        # Parsed are the few lines that matter: a service's whole page takes 20 ms.
        lines = "\n".join(line for line in text.splitlines() if line.startswith(_WANTED))
        found: dict[str, list[tuple[Mapping[str, str], float]]] = {}
        for family in text_string_to_metric_families(lines + "\n"):
            for sample in filter(lambda each: isfinite(each.value), family.samples):
                found.setdefault(sample.name, []).append((sample.labels, sample.value))
        return cls(found)

    def total(self, name: str, **labels: str) -> float | None:
        """The sum over all other labels; None if the page has no such number."""
        return sum(values) if (values := list(self._values(name, labels))) else None

    def highest(self, name: str, **labels: str) -> float | None:
        return max(self._values(name, labels), default=None)

    def label(self, name: str, wanted: str, **labels: str) -> str | None:
        """The value of a label of the first sample that has the `labels`."""
        return next((found.get(wanted) for found, _ in self._matching(name, labels)), None)

    def _values(self, name: str, labels: Mapping[str, str]) -> Iterator[float]:
        return (value for _, value in self._matching(name, labels))

    def _matching(self, name: str, labels: Mapping[str, str]) -> Iterator[tuple[Mapping[str, str], float]]:
        return (one for one in self.by_name.get(name, ()) if labels.items() <= one[0].items())
