"""An error's reason is never empty, and one line."""

import asyncio

import pytest

from ordercast.first_line import first_line


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("no number"), "no number"),
        (ValueError("no number\n[SQL: SELECT secret]"), "no number"),
        (ValueError("\n  no number"), "no number"),
        (TimeoutError(), "TimeoutError"),
        (ConnectionRefusedError(), "ConnectionRefusedError"),
        (asyncio.CancelledError(), "CancelledError"),
        (ValueError(" \n"), "ValueError"),
    ],
)
def test_an_error_says_its_first_line_or_the_name_of_its_type(error: BaseException, said: str) -> None:
    assert first_line(error) == said
