"""Streams are bounded for each account and in all, and those that end make room."""

import pytest

from ordercast.services.order_api.errors import TooManyStreams
from ordercast.services.order_api.feed.bound_streams import BoundStreams


def test_an_account_has_its_part_and_no_more() -> None:
    streams = BoundStreams(in_all=3, of_caller=2)
    with streams.opened(1), streams.opened(1):
        with pytest.raises(TooManyStreams, match="the account has 2"), streams.opened(1):
            raise AssertionError("let in")
        with streams.opened(2), pytest.raises(TooManyStreams, match="3 streams"), streams.opened(3):
            raise AssertionError("let in")
        assert streams.open == 2
    assert streams.open == 0


def test_a_stream_that_fails_makes_room_too() -> None:
    streams = BoundStreams(in_all=1, of_caller=1)
    for _ in range(3):
        with pytest.raises(ValueError, match="broken"), streams.opened(1):
            raise ValueError("broken")
