"""Which tries to log in are let through, counted."""

from contextlib import suppress

import pytest

from ordercast.services.order_api.accounts.limit_failed_log_ins import LimitFailedLogIns
from ordercast.services.order_api.errors import InvalidCredentials, Overloaded, TooManyLogIns
from tests.support.limit_clock import LimitClock


@pytest.fixture
def limit(clock: LimitClock) -> LimitFailedLogIns:
    return LimitFailedLogIns(10, 60, clock)


def fail(limit: LimitFailedLogIns, email: str = "ann@example.com", address: str = "192.0.2.1") -> None:
    with suppress(InvalidCredentials), limit.tried(email, address):
        raise InvalidCredentials("wrong")


def test_ten_may_fail_and_then_one_every_six_seconds(limit: LimitFailedLogIns, clock: LimitClock) -> None:
    for _ in range(10):
        fail(limit)
    with pytest.raises(TooManyLogIns) as refused:
        fail(limit, "ANN@example.com")
    assert refused.value.retry_after_s == 6
    assert refused.value.headers == {
        "RateLimit-Policy": '"failed-log-ins";q=10;w=60',
        "RateLimit": '"failed-log-ins";r=0;t=6',
    }
    clock.now_s += 6
    fail(limit)
    with pytest.raises(TooManyLogIns):
        fail(limit)


def test_who_fails_keeps_neither_others_out_nor_the_same_email_from_elsewhere(limit: LimitFailedLogIns) -> None:
    for _ in range(10):
        fail(limit)
    fail(limit, "bob@example.com")
    fail(limit, address="192.0.2.2")


def test_an_address_may_fail_so_often_with_whatever_emails(limit: LimitFailedLogIns) -> None:
    for number in range(60):
        fail(limit, f"{number}@example.com")
    with pytest.raises(TooManyLogIns):
        fail(limit, "60@example.com")
    fail(limit, "60@example.com", "192.0.2.2")


def test_what_succeeds_or_is_not_the_callers_fault_does_not_count(limit: LimitFailedLogIns) -> None:
    for _ in range(1_000):
        with limit.tried("ann@example.com", "192.0.2.1"):
            pass
        with suppress(Overloaded), limit.tried("ann@example.com", "192.0.2.1"):
            raise Overloaded("later")
    for _ in range(10):
        fail(limit)


def test_tries_at_once_are_no_way_around_it(limit: LimitFailedLogIns) -> None:
    running = [limit.tried("ann@example.com", "192.0.2.1") for _ in range(10)]
    for tried in running:
        tried.__enter__()
    with pytest.raises(TooManyLogIns):
        fail(limit)
    for tried in running:
        tried.__exit__(None, None, None)
    fail(limit)
