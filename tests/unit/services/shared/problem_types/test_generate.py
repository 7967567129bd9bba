"""The committed page is that of the code."""

from ordercast.services.shared.problem_types.generate import PAGE, generated


def test_the_committed_page_is_as_the_code_says() -> None:
    assert PAGE.read_text() == generated(), "run: python -m ordercast.services.shared.problem_types.generate"
