"""What is read out of a service's metrics."""

from ordercast.services.console.overview import look_at_services as read

METRICS = """# HELP ordercast_worker_lag_seconds How long
# TYPE ordercast_worker_lag_seconds gauge
ordercast_worker_lag_seconds{partition="0",topic="orders"} 0.5
ordercast_worker_lag_seconds{partition="1",topic="orders"} 2.5
ordercast_worker_dead_letters_total{reason="invalid",topic="orders"} 2.0
ordercast_worker_dead_letters_total{reason="unknown",topic="views"} 1.0
ordercast_worker_events_total{outcome="counted",topic="views"} 70.0
ordercast_worker_gap_streams 0.0
"""


def test_counts_are_added_up_and_of_lags_the_longest_counts() -> None:
    assert read.numbers_in(METRICS) == {read.LAG: 2.5, read.WORKER_DEAD_LETTERS: 3.0, read.GAP_STREAMS: 0.0}


def test_a_page_without_these_numbers_says_nothing() -> None:
    assert read.numbers_in("") == {}
