"""The page says all of a kind, and quotes nothing unescaped."""

import re

from ordercast.services.shared.problem_types.pages import as_html, as_json, as_markdown
from ordercast.services.shared.problem_types.problem_type import ProblemType

KIND = ProblemType("too-big", 413, "Too <big>", "It is `<long>`.", "Send less.", retry_after=5)


def test_html_has_all_of_it_escaped_and_loads_nothing() -> None:
    page = as_html(KIND)
    assert "<title>Too &lt;big&gt;</title>" in page
    assert "<p>It is <code>&lt;long&gt;</code>.</p>" in page
    assert "<p>Send less.</p>" in page
    assert "after 5 seconds" in page
    assert not re.search(r"<script|<link|<img|src=|@import|url\(|https?://", page)


def test_markdown_has_all_of_it() -> None:
    page = as_markdown(KIND)
    assert page.startswith("# too-big\n")
    for part in ("Too <big>", "Status 413", "`/problems/too-big`", KIND.happened, KIND.remedy, "after 5 seconds"):
        assert part in page


def test_what_cannot_succeed_later_says_nothing_of_a_repeat() -> None:
    kind = ProblemType("gone", 410, "Gone", "It is gone.", "Look elsewhere.")
    assert "Retry-After" not in as_html(kind) + as_markdown(kind)
    assert as_json(kind) == {
        "type": "/problems/gone",
        "status": 410,
        "title": "Gone",
        "what_happened": "It is gone.",
        "what_to_do": "Look elsewhere.",
        "retry_after": None,
    }
