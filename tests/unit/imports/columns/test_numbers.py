"""Numbers are read as the whole column is written."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercast.imports.columns.numbers import Decimals, find_decimals, read_number
from ordercast.imports.errors import Undecided

POINT, COMMA = Decimals.POINT, Decimals.COMMA


@pytest.mark.parametrize(
    ("text", "decimals", "number"),
    [
        ("2.55", POINT, "2.55"),
        ("1,234.50", POINT, "1234.50"),
        ("1.234,50", COMMA, "1234.50"),
        ("1 234,50", COMMA, "1234.50"),
        ("1'234.50", POINT, "1234.50"),
        ("€ 3,90", COMMA, "3.90"),
        ("3,90 EUR", COMMA, "3.90"),
        ("R$ 3,90", COMMA, "3.90"),
        ("-2", POINT, "-2"),
        ("2.0", POINT, "2"),
        (".5", POINT, "0.5"),
        ("1,5", POINT, None),
        ("1,2345", POINT, None),
        ("0,123", POINT, None),
        ("1e3", POINT, None),
        ("NaN", POINT, None),
        ("", POINT, None),
        ("twelve", POINT, None),
    ],
)
def test_a_number_is_read(text: str, decimals: Decimals, number: str | None) -> None:
    assert read_number(text, decimals) == (None if number is None else Decimal(number))


@given(st.decimals(-(10**7), 10**7, places=2, allow_nan=False, allow_infinity=False), st.sampled_from(Decimals))
def test_every_number_is_read_as_it_was_written(number: Decimal, decimals: Decimals) -> None:
    written = f"{number:,.2f}"
    if decimals is COMMA:
        written = written.translate({ord(","): ".", ord("."): ","})
    assert read_number(written, decimals) == number


def test_one_telling_number_decides_for_the_column() -> None:
    assert find_decimals(["1,234", "5", "2,5"]) is COMMA
    assert find_decimals(["1,234", "5", "2.5"]) is POINT
    assert find_decimals(["5", "6"]) is POINT
    assert find_decimals(["2,5", "3,5", "bad", "1.5"]) is COMMA


def test_a_column_that_can_be_read_in_two_ways_is_not_guessed() -> None:
    with pytest.raises(Undecided, match="1,234") as undecided:
        find_decimals(["1,234", "5"])
    assert "--decimal-comma" in undecided.value.hint
    assert find_decimals(["1.234", "5"], typed=True) is POINT
