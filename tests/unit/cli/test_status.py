"""Figures of several processes of a service as one."""

import pytest

from ordercast.cli.metrics import Metrics
from ordercast.cli.status import BACKLOG, LAG, backlog_of, lag_of

SILENT = Metrics({})
WITHOUT_PARTITIONS = Metrics({"ordercast_worker_batch_events_count": [0.0]})


def backlog(events: int) -> Metrics:
    return Metrics({BACKLOG: [float(events)]})


def lag(*events: int) -> Metrics:
    return Metrics({LAG: [float(count) for count in events]})


def test_each_relay_measures_the_whole_outbox_so_the_backlog_is_not_summed() -> None:
    assert backlog_of([backlog(7), SILENT, backlog(9)]) == 9
    assert backlog_of([SILENT]) is None


@pytest.mark.parametrize(
    ("workers", "expected"),
    [
        ([lag(1, 2), lag(3)], 6),
        ([lag(1, 2), WITHOUT_PARTITIONS], 3),
        ([lag(1, 2), SILENT], None),
        ([WITHOUT_PARTITIONS], None),
    ],
)
def test_the_lag_is_that_of_all_workers_or_unknown(workers: list[Metrics], expected: int | None) -> None:
    assert lag_of(workers) == expected
