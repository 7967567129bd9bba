"""Which log-ins are let through although their passwords are right, counted."""

from contextlib import suppress

import pytest

from ordercast.services.order_api.accounts.limit_failed_log_ins import LimitFailedLogIns
from ordercast.services.order_api.accounts.limit_log_ins import LimitLogIns
from ordercast.services.order_api.errors import (
    AccountBlocked,
    InvalidCredentials,
    LogInsTooFrequent,
    Overloaded,
    TooManyLogIns,
    WeakPassword,
)
from tests.support.limit_clock import LimitClock

ANN, HOME = "ann@example.com", "192.0.2.1"


@pytest.fixture
def limit(clock: LimitClock) -> LimitLogIns:
    return LimitLogIns(6, 30, LimitFailedLogIns(10, 60, clock), clock)


def log_in(limit: LimitLogIns, email: str = ANN, address: str = HOME) -> str:
    with limit.tried(email, address) as headers:
        return headers["RateLimit"]


def test_so_many_succeed_each_says_what_is_left_and_then_one_every_ten_seconds(
    limit: LimitLogIns, clock: LimitClock
) -> None:
    assert [log_in(limit, "ANN@example.com") for _ in range(6)] == [
        f'"log-ins";r={left};t=10' for left in (5, 4, 3, 2, 1, 0)
    ]
    with pytest.raises(LogInsTooFrequent) as refused:
        log_in(limit)
    assert refused.value.retry_after_s == 10
    assert refused.value.headers == {"RateLimit-Policy": '"log-ins";q=6;w=60', "RateLimit": '"log-ins";r=0;t=10'}
    clock.now_s += 10
    log_in(limit)
    with pytest.raises(LogInsTooFrequent):
        log_in(limit)


def test_who_logs_in_all_the_time_keeps_nobody_else_out(limit: LimitLogIns) -> None:
    for _ in range(6):
        log_in(limit)
    log_in(limit, "bob@example.com")
    log_in(limit, address="192.0.2.2")


@pytest.mark.parametrize("error", [InvalidCredentials("wrong"), Overloaded("later"), KeyboardInterrupt()])
def test_what_fails_takes_none_of_them(limit: LimitLogIns, error: BaseException) -> None:
    for _ in range(9):
        with suppress(type(error)), limit.tried(ANN, HOME):
            raise error
    for _ in range(6):
        log_in(limit)


@pytest.mark.parametrize("error", [WeakPassword("too short"), AccountBlocked("blocked")])
def test_a_right_password_counts_though_it_is_of_no_use(limit: LimitLogIns, error: Exception) -> None:
    for _ in range(6):
        with suppress(type(error)), limit.tried(ANN, HOME):
            raise error
    with pytest.raises(LogInsTooFrequent):
        log_in(limit)


def test_who_does_not_know_the_password_hears_of_failures_alone(limit: LimitLogIns) -> None:
    for _ in range(10):
        with suppress(InvalidCredentials), limit.tried(ANN, HOME):
            raise InvalidCredentials("wrong")
    with pytest.raises(TooManyLogIns):
        log_in(limit)


def test_an_address_logs_in_so_often_with_whatever_emails_and_others_go_on(
    limit: LimitLogIns, clock: LimitClock
) -> None:
    for number in range(30):
        log_in(limit, f"{number}@example.com")
    with pytest.raises(LogInsTooFrequent, match="30 log-ins a minute are allowed from this address") as refused:
        log_in(limit)
    assert refused.value.retry_after_s == 2
    assert log_in(limit, address="192.0.2.2") == '"log-ins";r=5;t=10'
    clock.now_s += 2
    assert log_in(limit) == '"log-ins";r=5;t=10'  # the refused one took none of the email's


def test_many_at_once_are_no_way_around_it(limit: LimitLogIns) -> None:
    with limit.tried(ANN, HOME), limit.tried(ANN, HOME), limit.tried(ANN, HOME):
        for _ in range(3):
            log_in(limit)
        with pytest.raises(LogInsTooFrequent):
            log_in(limit)
