"""What the console may be told."""

import pytest
from pydantic import ValidationError

from ordercast.contracts.passwords import LEAST_MIN_LENGTH, MOST_MIN_LENGTH
from ordercast.services.console.settings import ConsoleSettings


def test_a_password_has_the_bounds_of_order_api() -> None:
    for length in (LEAST_MIN_LENGTH, MOST_MIN_LENGTH):
        assert ConsoleSettings(password_min_length=length).password_min_length == length
    for length in (LEAST_MIN_LENGTH - 1, MOST_MIN_LENGTH + 1):
        with pytest.raises(ValidationError):
            ConsoleSettings(password_min_length=length)
