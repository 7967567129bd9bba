"""The header Accept as RFC 9110 has it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercast.services.shared.http.accept import preferred, preferred_language

JSON, CSV = OFFERED = ("application/json", "text/csv")


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("text/csv", CSV),
        ("TEXT/CSV", CSV),
        ("text/csv; charset=utf-8", CSV),
        ("text/html, text/csv;q=0.5", CSV),
        ("text/csv;q=0", JSON),
        ("text/csv;q=0.000, */*;q=0.1", JSON),
        ("text/csvx", JSON),
        ("xtext/csv", JSON),
        ("application/json;q=1, text/csv;q=0.1", JSON),
        ("application/json;q=0.1, text/csv;q=1", CSV),
        ("text/csv ; Q = 0.9 , application/json;q=0.8", CSV),
        ("text/csv, application/json", JSON),
        ("text/*", CSV),
        ("text/*;q=0.9, */*;q=0.8", CSV),
        ("text/csv;q=0, text/*", JSON),
        ("*/*, application/json;q=0", CSV),
        ("application/json;q=0, text/csv;q=0", JSON),
        ("text/csv;q=2", JSON),
        ("text/csv;q=nan, application/json;q=0.1", JSON),
    ],
)
def test_the_type_of_the_highest_quality_is_answered_and_json_where_nothing_is_preferred(
    accept: str, answered: str
) -> None:
    assert preferred(accept, OFFERED) == answered


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("ko-KR,ko;q=0.9,en;q=0.8", "ko"),
        ("en;q=0.1, ko;q=0.9", "ko"),
        ("KO ; Q=0.9, en;q=0.8", "ko"),
        ("de, ko;q=0.2", "ko"),
        ("ko, en", "ko"),
        ("en, ko", "en"),
        ("ko;q=0", "en"),
        ("en;q=0, ko;q=0.001", "ko"),
        ("ko;q=0.5, *", "en"),
        ("ko;q=2", "en"),
        ("", "en"),
        ("de", "en"),
    ],
)
def test_the_known_language_of_the_highest_quality_is_spoken_and_of_equal_ones_the_first(
    accepted: str, language: str
) -> None:
    assert preferred_language(accepted, {"en", "ko"}, "en") == language


@given(st.text(st.sampled_from("textcsv/*;q=01., ")))
def test_any_text_gives_one_of_those_that_are_offered(accept: str) -> None:
    assert preferred(accept, OFFERED) in OFFERED


@given(st.integers(0, 1000), st.integers(0, 1000), st.booleans())
def test_the_order_in_the_header_does_not_count(json: int, csv: int, swapped: bool) -> None:
    ranges = [f"{JSON};q={json / 1000:.3f}", f"{CSV};q={csv / 1000:.3f}"]
    assert preferred(",".join(reversed(ranges) if swapped else ranges), OFFERED) == (CSV if csv > json else JSON)
