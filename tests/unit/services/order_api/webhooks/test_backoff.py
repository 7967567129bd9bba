"""What fails is tried again for about a day, less and less often."""

import itertools

from ordercast.services.order_api.webhooks.backoff import ATTEMPTS, JITTER, LONGEST_S, wait_after


def waits() -> list[float]:
    return list(itertools.takewhile(lambda wait: wait is not None, map(wait_after, itertools.count(1))))  # type: ignore[arg-type]


def test_it_ends_after_a_day_and_some_hours() -> None:
    assert len(waits()) == ATTEMPTS - 1
    assert 22 * 3_600 < sum(waits()) < 29 * 3_600


def test_the_first_comes_soon_and_none_later_than_the_longest() -> None:
    found = waits()
    assert found[0] <= 6
    assert max(found) <= LONGEST_S * (1 + JITTER)
    assert all(later > earlier for earlier, later in itertools.pairwise(found[:7]))


def test_what_failed_together_does_not_come_back_together() -> None:
    assert len({wait_after(3) for _ in range(50)}) > 1
