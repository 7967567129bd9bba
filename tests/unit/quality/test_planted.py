"""The planted cases in short: each is decided rightly, and a wrong decision is told."""

from dataclasses import replace

import pytest

from ordercast.quality.planted import Case, planted_cases, planted_section


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return planted_cases(accounts=600, products=24, members=2)


def test_each_case_is_decided_rightly(cases: list[Case]) -> None:
    assert [(case.name, case.decided, case.why) for case in cases if not case.right] == []
    assert {case.name for case in cases} == {
        *("better", "worse", "equal", "leaking", "not leaking", "one huge row", "one huge row, foreseen"),
        *(
            "tiny",
            "tiny shop",
            "constant",
            "constant lines",
            "no number",
            "one huge row, learned from",
            "all cancelled",
        ),
    }


def test_the_reasons_say_what_was_decided_by(cases: list[Case]) -> None:
    reasons = {case.name: case.why for case in cases}
    assert "it knows the future" in reasons["leaking"]
    assert "better than every opponent" in reasons["not leaking"]
    assert "60 rows" in reasons["tiny"]
    assert "whatever it is asked" in reasons["constant"]
    assert reasons["constant lines"].startswith("line: it answers ")
    assert "no finite numbers" in reasons["no number"]
    assert "worse" in reasons["one huge row, learned from"]
    assert "0 rows" in reasons["all cancelled"]


def test_a_wrong_decision_is_named(cases: list[Case]) -> None:
    assert planted_section(cases).endswith("were decided rightly.")
    wrong = [replace(case, decided="published") if case.name == "leaking" else case for case in cases]
    assert planted_section(wrong).endswith("Decided wrongly: leaking.")
