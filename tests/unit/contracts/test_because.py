"""Reasons as data."""

import copy
import json

import pytest

from ordercast.contracts.because import CODES, Because, because, sentence, sentence_of
from ordercast.contracts.english import ENGLISH


def test_a_reason_has_the_values_of_its_code() -> None:
    assert because("trainer-died", times=3) == Because("trainer-died", {"times": 3})
    with pytest.raises(ValueError, match="trainer-died has the values times and not seconds"):
        because("trainer-died", seconds=3)


def test_a_sentence_is_the_text_and_knows_what_it_was_made_of() -> None:
    made = sentence("rule-of-new-rows", rows=12_345, rule=500)
    assert made == "12,345 new rows (rule: 500)"
    assert made.because == Because("rule-of-new-rows", {"rows": 12_345, "rule": 500})
    assert type(json.loads(json.dumps(made))) is str
    copied = copy.deepcopy(made)
    assert (copied, copied.because) == (made, made.because)
    assert sentence_of(LookupError(made)) is made
    assert sentence_of(LookupError("a text")) is sentence_of(LookupError()) is None


@pytest.mark.parametrize("code", ENGLISH)
def test_every_code_makes_a_sentence_of_its_values(code: str) -> None:
    said = sentence(code, **dict.fromkeys(CODES[code], 0.25))
    assert "%(" not in said
    assert said.count("25 %" if {"share", "level"} >= set(CODES[code]) else "0.25") >= bool(CODES[code])


def test_numbers_have_three_digits_and_shares_are_percent() -> None:
    assert sentence("rule-of-age", days=2.0, rule=1.5) == "2 days old (rule: 1.5)"
    assert sentence("far-more-than-seen", feature="x", value=1234.5, seen=0.12345).startswith("x is 1,234, far more")
    assert (
        sentence("intervals-hold", level=0.9, share=0.931)
        == "intervals of 90 % hold: 93.1 % of the quantities lie within"
    )
