"""Each kind of problem stands in the catalogue once, says what its page needs, and is used."""

import ast
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from ordercast.services.shared.problem_types.catalogue import CATALOGUE, SUBJECTS, kinds_of
from ordercast.services.shared.problem_types.problem_type import ProblemType

SERVICES: Final = Path(__file__).parents[5] / "services"
OWN: Final = SERVICES / "shared" / "problem_types"


def syntax_trees() -> list[ast.Module]:
    """Of all modules of the services but the catalogue's."""
    return [ast.parse(path.read_text()) for path in SERVICES.rglob("*.py") if OWN not in path.parents]


def test_no_two_kinds_have_one_slug() -> None:
    slugs = Counter(kind.slug for subject in SUBJECTS.values() for kind in kinds_of(subject))
    assert [slug for slug, count in slugs.items() if count > 1] == []


def test_every_module_of_kinds_is_a_subject() -> None:
    with_kinds = {path.stem for path in OWN.glob("*.py") if ": Final = ProblemType(" in path.read_text()}
    assert with_kinds == {module.__name__.rpartition(".")[2] for module in SUBJECTS.values()}


@pytest.mark.parametrize("kind", CATALOGUE.values(), ids=CATALOGUE)
def test_a_kind_says_what_happened_and_what_to_do_in_whole_sentences(kind: ProblemType) -> None:
    for text in (kind.happened, kind.remedy):
        assert text[0].isupper() or text[0] == "`"
        assert text.endswith(".")
        assert text.count("`") % 2 == 0
    assert ("Retry-After" in kind.remedy) <= (kind.retry_after is not None)


def test_no_kind_is_made_outside_of_the_catalogue() -> None:
    calls = [node.func for tree in syntax_trees() for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert [call for call in calls if isinstance(call, ast.Name) and call.id == "ProblemType"] == []


def test_there_is_no_page_of_a_kind_that_nothing_answers_with() -> None:
    nodes = [node for tree in syntax_trees() for node in ast.walk(tree)]
    used = {node.id for node in nodes if isinstance(node, ast.Name)}
    used |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    names = {
        name for subject in SUBJECTS.values() for name, value in vars(subject).items() if isinstance(value, ProblemType)
    }
    assert names - used == set()
