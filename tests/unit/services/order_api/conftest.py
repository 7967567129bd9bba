"""For the tests of the limiters here."""

import pytest

from tests.support.limit_clock import LimitClock


@pytest.fixture
def clock() -> LimitClock:
    return LimitClock()
