"""A text in a cell is a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercast.contracts.spreadsheets import in_cell


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_what_a_spreadsheet_would_run_stands_behind_a_quote(first: str) -> None:
    assert in_cell(f"{first}1+1") == f"'{first}1+1"


@given(st.text(st.characters(categories=("L", "N"))), st.text())
def test_all_else_stays_as_it_is(first: str, rest: str) -> None:
    text = first + rest if first else ""
    assert in_cell(text) == text
    assert in_cell(f"a{text}=1") == f"a{text}=1"
