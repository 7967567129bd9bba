"""The rules of the checklist that a machine can count."""

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("ordercast", "services", "infra")
# A migration is a list of what changes; it is not code that anybody maintains.
NOT_COUNTED = ROOT / "infra" / "migrations" / "versions"

MAX_LINES = 400
MAX_MEDIAN_LINES = 150
MAX_FUNCTION_LINES = 40
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}


def modules() -> list[Path]:
    return [
        path
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if NOT_COUNTED not in path.parents
    ]


def line_count(path: Path) -> int:
    return len(path.read_text().splitlines())


def functions() -> Iterator[tuple[str, int]]:
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{path.relative_to(ROOT)}:{node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


def test_no_module_is_longer_than_400_lines_and_half_are_shorter_than_150() -> None:
    too_long = {str(path.relative_to(ROOT)): line_count(path) for path in modules() if line_count(path) > MAX_LINES}
    assert too_long == {}
    assert statistics.median(map(line_count, modules())) <= MAX_MEDIAN_LINES


def test_nine_functions_in_ten_fit_in_40_lines() -> None:
    lengths = [length for _, length in functions()]
    assert sum(length <= MAX_FUNCTION_LINES for length in lengths) >= 0.9 * len(lengths)


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [path for path in modules() if VAGUE_NAMES & set(path.with_suffix("").parts)] == []


@pytest.mark.parametrize("word", ["commit", "rollback"])
def test_transactions_are_opened_in_sight_and_never_committed_by_hand(word: str) -> None:
    """`async with session.begin():` is the one way; consumers may commit offsets to Kafka, which is no transaction."""
    by_hand = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == word
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in {"session", "connection"}
    ]
    assert by_hand == []


def test_settings_are_read_by_main_and_wiring_alone() -> None:
    """`os.environ` stands only where a process starts."""
    allowed = ("__main__.py", "settings.py", "wiring.py")
    readers = [
        str(path.relative_to(ROOT))
        for path in modules()
        if path.is_relative_to(ROOT / "services")
        and path.name not in allowed
        and any(
            isinstance(node, ast.Attribute) and node.attr == "environ" for node in ast.walk(ast.parse(path.read_text()))
        )
    ]
    # The whole of a process: it quietens TensorFlow before it loads.
    assert readers == ["services/trainer/networks/import_tensorflow.py"]


def test_every_module_says_what_it_is() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in modules()
        if path.read_text().strip() and ast.get_docstring(ast.parse(path.read_text())) is None
    ]
    assert silent == []
