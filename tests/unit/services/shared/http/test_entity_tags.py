"""Whether a change fits the state that it is to be made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercast.services.shared.http.entity_tags import entity_tag, fits

PARTS = st.text(st.characters(min_codepoint=0x23, max_codepoint=0x7E, exclude_characters=","))


@given(named=st.lists(PARTS, max_size=4), now=PARTS)
def test_a_change_fits_the_states_that_it_names(named: list[str], now: str) -> None:
    assert fits(", ".join(map(entity_tag, named)), entity_tag(now)) == (now in named)


@pytest.mark.parametrize("header", [None, "*", " * ", '"a"', 'W/"a", "a"'])
def test_a_change_without_a_state_fits_any(header: str | None) -> None:
    assert fits(header, '"a"')


@pytest.mark.parametrize("header", ["", "a", '"b"', 'W/"a"', '"a', "'a'"])
def test_what_is_not_the_tag_to_the_letter_does_not_fit(header: str) -> None:
    assert not fits(header, '"a"')
