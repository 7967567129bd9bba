"""A page about what was done shows the command that does the same, and a comparison the moment of its numbers."""

import re
from typing import Any

import pytest

from ordercast.client.dead_letter_answers import Outcome
from ordercast.services.console.parts import Missing
from tests.support.console_answers import NOW
from tests.support.console_pages import drawn


@pytest.mark.parametrize(
    ("edited", "command"),
    [
        (False, "ordercast dead-letters replay views:0:3"),
        (True, "http://127.0.0.1:8000/dead-letters/views:0:3/replay -d"),
    ],
)
def test_what_was_sent_again_is_sent_so_by_command(edited: bool, command: str) -> None:
    page = drawn("dead_letters_done.html", act="replay", done=Outcome(["views:0:3"], []), edited=edited, as_of=NOW)
    assert command in page
    # The command sends a record as it was.
    assert ("ordercast dead-letters" in page) is not edited


def test_a_comparison_says_of_when_it_is() -> None:
    asked: dict[str, Any] = {"asked": {"first": "a", "second": "b", "all": "false"}, "sections": [], "as_of": NOW}
    page = drawn("models_compare.html", found=Missing("predictor", "nobody answers"), **asked)
    assert re.search(r'as-of">As of ', page)


def test_a_card_leads_back_and_shows_its_command() -> None:
    above = drawn("model_card_above.html", version="20261120T0400-d")
    assert 'href="/models/20261120T0400-d"' in above
    assert "ordercast models card 20261120T0400-d --out card.html" in above
