"""What of a record was changed in a form."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercast.client.dead_letter_answers import WholeDeadLetter
from ordercast.services.console.dead_letters.edit_letter import Typed
from tests.support.console_letters import letter

LINES = st.text(st.sampled_from("ab :\n{}"), max_size=30)


def whole(**changes: Any) -> WholeDeadLetter:
    return msgspec.convert(letter(1, **changes), WholeDeadLetter)


@given(LINES)
def test_what_comes_back_from_a_form_as_it_was_is_no_change(body: str) -> None:
    """Forms send a line's end as two characters."""
    shown = whole(body=body)
    typed = Typed.of(shown)
    sent = Typed.as_sent(typed.body.replace("\n", "\r\n"), typed.headers.replace("\n", "\r\n") + "\r\n")
    assert sent.changed_body(shown) is None
    assert sent.changed_headers(shown) is None


@pytest.mark.parametrize("character", ["\u2028", "\x0b", "\x85", "\x1c"])
def test_a_header_with_what_ends_a_line_elsewhere_stays_whole(character: str) -> None:
    typed = Typed.as_sent("{}", f"ce_type: a.v1\r\nnote: one{character}two")
    assert typed.changed_headers(whole()) == [("ce_type", "a.v1"), ("note", f"one{character}two")]


def test_of_a_record_that_was_cut_all_that_is_typed_goes() -> None:
    cut = whole(is_cut=True)
    assert Typed.of(cut).changed_body(cut) == cut.body
    assert Typed.of(cut).changed_headers(cut) == [(header.name, header.value) for header in cut.headers]


def test_what_was_typed_is_the_change() -> None:
    typed = Typed.as_sent('{\r\n"count": 1}', "ce_type: a.v1\r\n\r\nce_time : 09:30\r\n")
    assert typed.changed_body(whole()) == '{\n"count": 1}'
    assert typed.changed_headers(whole()) == [("ce_type", "a.v1"), ("ce_time", "09:30")]
