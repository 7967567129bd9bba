"""Reasons as data."""

import pytest

from ordercast.contracts.because import Because, because


def test_a_reason_has_the_values_of_its_code() -> None:
    assert because("trainer-died", times=3) == Because("trainer-died", {"times": 3})
    with pytest.raises(ValueError, match="trainer-died has the values times and not seconds"):
        because("trainer-died", seconds=3)
