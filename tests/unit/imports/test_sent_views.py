"""Views that were sent are known again: the same file whole, of a file that was appended to its beginning."""

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ordercast.imports.sent_views import Prefix, SentViews


def lines(count: int, first: int = 0, **more: str) -> list[dict[str, Any]]:
    return [{"sku": str(number), **more} for number in range(first, first + count)]


def send(sent: SentViews, views: list[dict[str, Any]], chunk: int) -> None:
    prefix = Prefix()
    for number, line in enumerate(views, start=1):
        prefix.add(line)
        if number % chunk == 0 or number == len(views):
            sent.add(prefix)


@given(st.integers(1, 30), st.integers(0, 30), st.integers(1, 7))
def test_what_was_appended_is_new_and_nothing_else(before: int, appended: int, chunk: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "new" / "sent"
        send(SentViews(path), lines(before), chunk)
        again = SentViews(path)  # as a later run reads it
        assert again.sent_before(lines(before + appended)) == {"view": before}
        assert again.sent_before(lines(before, first=1)) == {}


def test_a_run_that_broke_off_goes_on_behind_its_last_chunk(tmp_path: Path) -> None:
    sent = SentViews(tmp_path / "sent")
    send(sent, lines(8), 4)
    assert sent.sent_before(lines(10)) == {"view": 8}
    assert sent.sent_before([*lines(5), *lines(5)]) == {"view": 4}


def test_views_that_were_sent_before_there_were_carts_are_known_beside_them(tmp_path: Path) -> None:
    sent = SentViews(tmp_path / "sent")
    send(sent, lines(6), 4)
    carts = lines(6, kind="cart")
    mixed = [line for pair in zip(lines(6), carts, strict=True) for line in pair]
    assert sent.sent_before(mixed) == {"view": 6}
    send(sent, carts, 3)
    assert sent.sent_before(mixed) == {"view": 6, "cart": 6}
