"""A customer's bucket of views: it empties, fills up evenly, and is nobody else's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercast.services.order_api.errors import TooManyViews
from ordercast.services.order_api.views.limit_views import LimitViews
from ordercast.services.shared.http import token_buckets
from tests.support.limit_clock import LimitClock


def test_a_minutes_views_may_come_at_once_and_then_one_has_to_wait() -> None:
    clock = LimitClock()
    limit = LimitViews(120, TooManyViews, clock)
    for _ in range(12):
        limit.charge(1, 10)
    with pytest.raises(TooManyViews) as refused:
        limit.charge(1, 20)
    assert refused.value.retry_after_s == 10
    assert limit.told(1) == {"RateLimit-Policy": '"views";q=120;w=60', "RateLimit": '"views";r=0;t=1'}
    limit.charge(2, 120)  # another account's bucket is full
    clock.now_s += refused.value.retry_after_s
    limit.charge(1, 20)


@given(st.floats(0, 1e9), st.integers(1, 1_000))
def test_a_full_bucket_holds_a_whole_minutes_views_at_any_time(now_s: float, per_minute: int) -> None:
    clock = LimitClock()
    clock.now_s = now_s
    limit = LimitViews(per_minute, TooManyViews, clock)
    limit.charge(1, per_minute)
    with pytest.raises(TooManyViews):
        limit.charge(1, 1)


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(1, 100)), max_size=60))
def test_no_more_than_two_minutes_views_ever_come_within_one_minute(requests: list[tuple[float, int]]) -> None:
    clock, taken = LimitClock(), []
    limit = LimitViews(100, TooManyViews, clock)
    for pause, views in requests:
        clock.now_s += pause
        try:
            limit.charge(1, views)
        except TooManyViews as refused:
            clock.now_s += refused.retry_after_s
            limit.charge(1, views)  # as promised
        taken.append((clock.now_s, views))
    for end, _ in taken:
        assert sum(views for at, views in taken if end - 60 < at <= end) <= 200


def test_accounts_whose_buckets_are_full_again_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_buckets, "REMEMBERED", 3)
    clock = LimitClock()
    limit = LimitViews(60, TooManyViews, clock)
    for account in range(3):
        limit.charge(account, 1)
    clock.now_s += 2
    limit.charge(3, 60)
    assert set(limit._buckets._full_at) == {3}
    with pytest.raises(TooManyViews):
        limit.charge(3, 1)
