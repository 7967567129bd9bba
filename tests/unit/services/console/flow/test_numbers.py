"""A service's page of metrics as numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercast.services.console.flow.numbers import EVENTS, ORDERS, Numbers


@given(st.lists(st.sampled_from([ORDERS, EVENTS, "else"])), st.text('{}="\\ ,ab1.#\n-eNI'))
def test_a_page_is_read_or_cannot_be_read_and_nothing_else_goes_wrong(names: list[str], rest: str) -> None:
    try:
        Numbers.of(rest.join(names) + rest)
    except ValueError:
        return


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf"])
def test_what_is_no_number_or_without_an_end_is_not_told(value: str) -> None:
    numbers = Numbers.of(f'{ORDERS} {value}\n{EVENTS}{{topic="a"}} {value}\n{EVENTS}{{topic="b"}} 2\n')
    assert numbers.total(ORDERS) is None
    assert numbers.total(EVENTS) == 2
