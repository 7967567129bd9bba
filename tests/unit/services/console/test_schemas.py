"""The link that asks the same question again."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from ordercast.services.console.schemas import flag, midnight, query_of


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
