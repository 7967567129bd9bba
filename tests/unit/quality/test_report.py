"""QUALITY.md by sections: those asked for anew, the others as they were."""

from ordercast.quality.report import replaced

OLD = "# Title\n\nold words\n\n## One\n\na\n\n### Part\n\nb\n\n## Two\n\nc\n"


def test_a_section_is_replaced_with_its_parts_and_the_others_stay() -> None:
    assert replaced(OLD, {"One": "new"}) == "# Title\n\nold words\n\n## One\n\nnew\n\n## Two\n\nc\n"


def test_a_section_that_is_not_there_comes_last_and_the_same_again_changes_nothing() -> None:
    text = replaced(OLD, {"Three": "d\n"})
    assert text == f"{OLD}\n## Three\n\nd\n"
    assert replaced(text, {"Three": "d"}) == text
