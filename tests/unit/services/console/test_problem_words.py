"""Titles of problems in the reader's language."""

import pytest

from ordercast.client.errors import ProblemAnswer
from ordercast.contracts.because import Because, sentence
from ordercast.services.console.problem_words import TITLES, Said, said_of
from ordercast.services.console.texts import environments
from ordercast.services.shared.problem_types.catalogue import CATALOGUE

KOREAN = environments()["ko"].from_string('{% from "parts.html" import said with context %}{{ said(reason) }}')


def shown(problem: ProblemAnswer) -> str:
    return KOREAN.render(reason=said_of(problem))


def test_each_title_is_one_of_the_catalogue() -> None:
    assert set(TITLES) - {kind.title for kind in CATALOGUE.values()} == set()


@pytest.mark.parametrize(
    ("detail", "fields", "read"),
    [
        (None, {}, "There is no such order"),
        ("None has the id 7", {}, "There is no such order: None has the id 7"),
        (None, {"id": "too small (7)"}, "There is no such order: id: too small (7)"),
        ("None has it", {"id": "too small"}, "There is no such order: None has it (id: too small)"),
    ],
)
def test_in_english_a_problem_reads_as_everywhere(detail: str | None, fields: dict[str, str], read: str) -> None:
    assert str(said_of(ProblemAnswer(404, "order-not-found", "There is no such order", detail, fields))) == read


def test_in_korean_the_title_is_korean_and_the_detail_is_marked_as_english() -> None:
    problem = ProblemAnswer(404, "order-not-found", "There is no such order", "There is no order <7>")
    assert shown(problem) == '그런 주문이 없습니다: <span lang="en">There is no order &lt;7&gt;</span>'
    assert shown(ProblemAnswer(404, "order-not-found", "There is no such order")) == "그런 주문이 없습니다"


def test_a_detail_that_is_data_is_korean_too_and_what_is_said_of_fields_stays_english() -> None:
    detail = sentence("no-order", order="7")
    problem = ProblemAnswer(
        404, "order-not-found", "There is no such order", detail, {"id": "<7>"}, because=detail.because
    )
    assert str(said_of(problem)) == "There is no such order: there is no order 7 (id: <7>)"
    assert shown(problem) == '그런 주문이 없습니다: 주문 7이(가) 없습니다 <span lang="en">(id: &lt;7&gt;)</span>'


def test_a_detail_of_a_later_release_is_marked_as_english() -> None:
    problem = ProblemAnswer(404, "order-not-found", "There is no such order", "more", because=Because("later", {}))
    assert shown(problem) == '그런 주문이 없습니다: <span lang="en">more</span>'


def test_a_title_that_nobody_knows_is_marked_as_english() -> None:
    problem = ProblemAnswer(418, "of-a-later-release", "Something new", "more")
    assert not isinstance(said_of(problem), Said)
    assert shown(problem) == '<span lang="en">Something new: more</span>'
