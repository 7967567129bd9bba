"""Pages have words for all that an import counts."""

import re
from pathlib import Path

import pytest

from ordercast.imports import send
from ordercast.services.console.imports.count_words import COUNT_WORDS


def test_each_count_of_an_import_by_the_console_has_its_words() -> None:
    source = Path(send.__file__).read_text("utf-8")
    counted = set(re.findall(r'counts\[f?"([^"]+)"\]', source))
    # Views are simulated by the command alone.
    named = {name for name in counted if not name.startswith("simulated")}
    assert {name.format(kind=kind) for name in named for kind in ("view", "cart")} == set(COUNT_WORDS)


@pytest.mark.parametrize("words", COUNT_WORDS.values(), ids=COUNT_WORDS)
def test_a_number_follows_them(words: object) -> None:
    assert str(words).endswith(":")
