"""One line a second for each cause; what was left out is counted, and lines without a cause all pass."""

from itertools import pairwise

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from structlog.typing import EventDict

from ordercast.services.shared.telemetry.limit_repeats import INTERVAL_S, MAX_CAUSES, LimitRepeats


class Log:
    """Lines that pass a limiter, at the moments that `now` is set to."""

    def __init__(self) -> None:
        self.now = 0.0
        self.shown: list[EventDict] = []
        self._limit = LimitRepeats(lambda: self.now)

    def warn(self, event: str, **values: object) -> None:
        try:
            self.shown.append(dict(self._limit(None, "warning", {"event": event, **values})))
        except structlog.DropEvent:
            return


def test_a_cause_is_shown_once_a_second_with_the_number_of_those_left_out() -> None:
    log = Log()
    for moment in (0.0, 0.1, 0.9, 1.0, 1.5):
        log.now = moment
        log.warn("not there", cause="refused", path=f"/orders/{moment}")
    assert log.shown == [
        {"event": "not there", "cause": "refused", "path": "/orders/0.0"},
        {"event": "not there", "cause": "refused", "path": "/orders/1.0", "left_out": 2},
    ]


def test_causes_and_events_are_limited_apart() -> None:
    log = Log()
    log.warn("not there", cause="PostgreSQL")
    log.warn("not there", cause="Kafka")
    log.warn("waiting", cause="Kafka")
    assert len(log.shown) == 3


def test_lines_without_a_cause_all_pass() -> None:
    log = Log()
    for _ in range(5):
        log.warn("record refused", reason="no JSON")
    assert len(log.shown) == 5


def test_ever_new_causes_do_not_fill_the_memory() -> None:
    log = Log()
    for number in range(MAX_CAUSES + 10):
        log.warn("not there", cause=number)
    assert len(log.shown) == MAX_CAUSES + 10
    log.warn("not there", cause=MAX_CAUSES + 9)
    assert len(log.shown) == MAX_CAUSES + 10
    log.warn("not there", cause=0)
    assert len(log.shown) == MAX_CAUSES + 11


# Quarters of seconds, which floats hold exactly.
@given(st.lists(st.tuples(st.integers(0, 8).map(lambda quarters: quarters / 4), st.sampled_from("ab"))))
def test_no_line_is_lost_without_being_counted_and_none_comes_too_soon(lines: list[tuple[float, str]]) -> None:
    log = Log()
    moments: dict[str, list[float]] = {"a": [], "b": []}
    for wait, cause in lines:
        log.now += wait
        before = len(log.shown)
        log.warn("not there", cause=cause)
        if len(log.shown) > before:
            moments[cause].append(log.now)
    for cause, shown_at in moments.items():
        assert all(later - earlier >= INTERVAL_S for earlier, later in pairwise(shown_at))
        log.now += INTERVAL_S
        log.warn("not there", cause=cause)  # tells of the rest
    assert sum(1 + line.get("left_out", 0) for line in log.shown) == len(lines) + 2


@pytest.mark.parametrize("wait", [INTERVAL_S, 60.0])
def test_a_cause_that_comes_again_after_a_quiet_time_is_shown(wait: float) -> None:
    log = Log()
    log.warn("not there", cause="refused")
    log.now += wait
    log.warn("not there", cause="refused")
    assert [line.get("left_out") for line in log.shown] == [None, None]
