"""When demand is trained again by rule: each rule by itself is enough, and nothing is when something stands against it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercast.services.shared.demand.feature_drift import FeatureDrift
from ordercast.services.trainer.jobs.retrain_rules import RetrainRules, Served, Situation, decide

AT: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOW: Final = Situation(at=AT, open=0, asked_at=AT - timedelta(days=3), version="v1", pinned=False, rows=1_500)
SERVED: Final = Served("v1", AT - timedelta(days=3), 1_000, FeatureDrift("pair_views_28", 0.3))


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        (RetrainRules(rows=500), "v1: 500 new rows (rule: 500)"),
        (RetrainRules(days=3), "v1: 3 days old (rule: 3)"),
        (RetrainRules(drift=0.3), "v1: pair_views_28 has drifted by a PSI of 0.3 (rule: 0.3)"),
        (RetrainRules(rows=100, days=1000, drift=0.25), "v1: 500 new rows (rule: 100), pair_views_28 has drifted"),
    ],
)
def test_each_rule_that_holds_starts_a_training_and_is_named(rules: RetrainRules, reason: str) -> None:
    decision = decide(rules, NOW, SERVED)
    assert decision.outcome == "started"
    assert decision.reason.startswith(reason)


@pytest.mark.parametrize(
    "rules", [RetrainRules(), RetrainRules(rows=501), RetrainRules(days=3.1), RetrainRules(drift=0.31)]
)
def test_no_rule_no_training(rules: RetrainRules) -> None:
    assert decide(rules, NOW, SERVED).outcome == "not-due"


def test_rules_are_off_unless_one_is_set() -> None:
    assert not RetrainRules(pause_hours=1).are_any
    assert all(rules.are_any for rules in (RetrainRules(rows=1), RetrainRules(days=1), RetrainRules(drift=1)))


def test_drift_that_is_not_known_is_none() -> None:
    assert decide(RetrainRules(drift=0.01), NOW, replace(SERVED, drifted=None)).outcome == "not-due"


ALL: Final = RetrainRules(rows=1, days=0.001, drift=0.001)


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"open": 1}, "waiting"),
        ({"pinned": True}, "pinned"),
        ({"version": None}, "no-version"),
        ({"version": "v2"}, "not-due"),
        ({"asked_at": AT - timedelta(hours=23, minutes=59)}, "paused"),
        ({"asked_at": AT + timedelta(hours=1)}, "paused"),
        ({"asked_at": AT - timedelta(hours=24)}, "started"),
        ({"asked_at": None}, "started"),
    ],
)
def test_what_stands_against_a_training_is_said(changes: dict[str, Any], outcome: str) -> None:
    decision = decide(ALL, replace(NOW, **changes), SERVED)
    assert decision.outcome == outcome
    assert decision.reason


def test_a_pause_says_until_when() -> None:
    asked_at = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
    paused = decide(ALL, replace(NOW, at=asked_at + timedelta(hours=1), asked_at=asked_at), SERVED)
    assert paused.reason.endswith("at 2026-03-01 12:30 UTC: none before 2026-03-02 12:30 UTC")


def test_a_version_that_cannot_be_read_starts_nothing() -> None:
    assert decide(ALL, NOW, None).outcome == "unreadable"


@given(
    rules=st.builds(
        RetrainRules,
        rows=st.none() | st.integers(1, 2_000),
        days=st.none() | st.floats(0.01, 10),
        drift=st.none() | st.floats(0.01, 1),
        pause_hours=st.floats(0.1, 100),
    ),
    now=st.builds(
        Situation,
        at=st.just(AT),
        open=st.integers(0, 2),
        asked_at=st.none() | st.integers(0, 100).map(lambda hours: AT - timedelta(hours=hours)),
        version=st.sampled_from([None, "v1", "v2"]),
        pinned=st.booleans(),
        rows=st.integers(0, 3_000),
    ),
)
def test_a_training_starts_only_where_a_rule_holds_and_nothing_stands_against_it(
    rules: RetrainRules, now: Situation
) -> None:
    holds = (
        (rules.rows is not None and now.rows - SERVED.rows >= rules.rows)
        or (rules.days is not None and rules.days <= 3)
        or (rules.drift is not None and rules.drift <= 0.3)
    )
    free = now.open == 0 and now.version == "v1" and not now.pinned
    rested = now.asked_at is None or now.at >= now.asked_at + timedelta(hours=rules.pause_hours)
    assert (decide(rules, now, SERVED).outcome == "started") == (holds and free and rested)
