"""The link that asks the same question again."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from ordercast.services.console.schemas import TYPED_NUMBER, flag, midnight, query_of
from ordercast.services.shared.http.requests import PLAIN_INTEGER


@dataclass(frozen=True)
class Question:
    search: str = ""
    day: date | None = None
    after: int | None = None


def test_what_is_empty_stays_out_and_changes_count() -> None:
    asked = Question("a & b", date(2026, 11, 2), 7)
    assert query_of(asked) == "search=a+%26+b&day=2026-11-02&after=7"
    assert query_of(asked, search="", after=None) == "day=2026-11-02"
    assert query_of(Question(after=0)) == "after=0"


def test_a_time_is_written_as_the_api_takes_it() -> None:
    assert query_of(Question(), day=midnight(date(2026, 11, 2))) == "day=2026-11-02T00%3A00%3A00Z"
    assert midnight(date(2026, 11, 2)) == datetime(2026, 11, 2, tzinfo=UTC)


def test_a_choice_of_yes_no_and_either() -> None:
    assert [flag(answer) for answer in ("true", "false", None)] == [True, False, None]


NUMBER: TypeAdapter[int] = TypeAdapter(Annotated[int, PLAIN_INTEGER, TYPED_NUMBER])


@given(st.integers(-(10**10), 10**10), st.integers(0, 9))
def test_a_whole_number_is_the_same_however_a_browser_lets_it_be_written(number: int, places: int) -> None:
    for text in (str(number), f"{number}.0", f"{number}e0", f"{number * 10**places}e-{places}"):
        assert NUMBER.validate_python(text) == number


@pytest.mark.parametrize("text", ["1.5", "1e-1", "1e999999999", "1_0", " 7", "seven", "٣", "1e"])
def test_what_is_no_whole_number_stays_none(text: str) -> None:
    with pytest.raises(ValidationError):
        NUMBER.validate_python(text)
