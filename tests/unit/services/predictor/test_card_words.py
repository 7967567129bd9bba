"""The card's texts: no language leaves one out, and none has one that is said nowhere."""

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from ordercast.contracts.demand_manifest import QUESTIONS, Question
from ordercast.services.predictor import card_words, model_card
from ordercast.services.predictor.card_words import LOCALES, Say, group_words, say_to
from ordercast.services.shared.demand.rows import Rows
from ordercast.services.trainer.judging.opponents import NAIVE_LINES, NAIVE_PRODUCTS, naive_pairs
from ordercast.services.trainer.training import coverage
from ordercast.services.trainer.training.judge_demand import NETWORKS, SERVING
from tests.support.demand_versions import demand_version
from tests.support.korean_pages import english_in

LANGUAGES = [path.stem for path in LOCALES.glob("*.toml")]
# Said by name: other answers on the scoreboard, and questions.
NAMES = (
    {NETWORKS, SERVING, "ensemble", "the mean", "a straight line", "pair", "line", "product", "all"}
    | {
        "pair that ordered before",
        "pair without an order before",
    }
    | {opponent.name for opponent in (*naive_pairs(28), *NAIVE_LINES, *NAIVE_PRODUCTS)}
)


class Held:
    def __init__(self, columns: dict[str, Any]) -> None:
        self._columns = columns

    def __len__(self) -> int:
        return 200

    def column(self, name: str) -> Any:
        return np.log1p(self._columns[name]) if name != "pair_known" else self._columns[name]


def said_in(source: str) -> Iterator[str]:
    """What is handed to `say`, and the heads of tables."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "say" and isinstance(node.args[0], ast.Constant):
            yield str(node.args[0].value)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "_table":
            yield from ast.literal_eval(node.args[1])


def names_in(text: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(text)} - {None}


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_text_of_the_card_is_said_in_each_language_with_the_same_values(language: str) -> None:
    sources = [Path(str(module.__file__)).read_text("utf-8") for module in (model_card, card_words)]
    said = {text for source in sources for text in said_in(source)} | {*model_card._ASKS.values(), *NAMES}
    texts = card_words._TEXTS[language]
    assert set(texts) == said
    assert all(names_in(text) == names_in(translated) for text, translated in texts.items())


def test_a_card_in_korean_has_english_only_where_it_is_marked() -> None:
    page = model_card.model_card(demand_version()[0], Say("ko")).decode()
    assert '<html lang="ko">' in page
    assert "레시피 demand" in page
    assert english_in(page) == []


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_group_of_rows_that_the_trainer_names_is_said_in_korean(question: Question) -> None:
    columns = {"lines": np.arange(200.0), "product_lines": np.arange(200.0), "pair_known": np.arange(200) % 2}
    held = cast("Rows", Held(columns))
    for group, _ in coverage._groups(question, held, np.arange(200.0)):
        said = group_words(Say("ko"), group)
        assert re.search("[가-힣]", said)
        assert not re.search("[a-z]", said)
        assert group_words(Say(), group) == group


def test_what_is_said_without_values_may_have_any_sign() -> None:
    assert Say("ko")("a name of {braces}") == "a name of {braces}"


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("ko-KR,ko;q=0.9,en;q=0.8", "ko"),
        ("de, ko", "ko"),
        ("en, ko", "en"),
        ("en;q=0.1, ko;q=0.9", "ko"),
        ("ko;q=0", "en"),
        ("", "en"),
        ("de", "en"),
    ],
)
def test_the_language_that_is_preferred_of_those_that_there_are_counts(accepted: str, language: str) -> None:
    assert say_to(accepted).language == language
