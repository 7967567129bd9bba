"""No error has an empty reason: a caught error of a library is put into words by `first_line` alone.

`str()` of a bare TimeoutError or ConnectionError is empty, and of a database's error has many lines, some with values. Errors
of our own classes always come with a text, so they may stand in a text as they are.
"""

import ast
from collections.abc import Iterator

from tests.architecture.test_style import ROOT, modules

# These always say something, in one line: they quote the place or the words that they could not read.
TELLING = {
    "EventRefused",
    "JSONDecodeError",
    "PyJWTError",
    "UnicodeDecodeError",
    "UnicodeError",
    "ValidationError",
    "ValueError",
}


def reasons_that_may_be_empty(source: str) -> Iterator[int]:
    """Lines in which a caught foreign error becomes a text as it is."""
    tree = ast.parse(source)
    ours = own_classes(tree)
    for handler in ast.walk(tree):
        if isinstance(handler, ast.ExceptHandler) and handler.name and not caught(handler) <= ours | TELLING:
            yield from (
                getattr(node, "lineno", handler.lineno) for node in ast.walk(handler) if is_text_of(node, handler.name)
            )


def own_classes(tree: ast.Module) -> set[str]:
    """Classes of the module, and those that it imports from Ordercast."""
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ordercast.")
        for alias in node.names
    }
    return imported | {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}


def caught(handler: ast.ExceptHandler) -> set[str]:
    """Names of the classes, without their modules."""
    return {
        node.attr if isinstance(node, ast.Attribute) else node.id
        for node in (handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type])
        if isinstance(node, ast.Attribute | ast.Name)
    }


def is_text_of(node: ast.AST, name: str) -> bool:
    if isinstance(node, ast.FormattedValue):  # {error!r} names the type
        # In `{error or "nothing"}` the error is never false, however empty its text.
        shown = node.value.values[0] if isinstance(node.value, ast.BoolOp) else node.value
        return isinstance(shown, ast.Name) and shown.id == name and node.conversion != ord("r")
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "str"
        and any(isinstance(argument, ast.Name) and argument.id == name for argument in node.args)
    )


def test_every_reason_says_something() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in modules()
        if path.name != "first_line.py"
        for line in reasons_that_may_be_empty(path.read_text())
    ]
    assert found == []


def test_the_rule_finds_what_it_is_for() -> None:
    handler = "try:\n    f()\nexcept {} as error:\n    raise CannotStart({}) from error\n"
    assert list(reasons_that_may_be_empty(handler.format("OSError", 'f"at {place}: {error}"'))) == [4]
    assert list(reasons_that_may_be_empty(handler.format("OSError", "f\"{error or 'silence'}\""))) == [4]
    assert list(reasons_that_may_be_empty(handler.format("(ValueError, asyncio.TimeoutError)", "str(error)"))) == [4]
    assert list(reasons_that_may_be_empty(handler.format("OSError", 'f"{error!r}"'))) == []
    assert list(reasons_that_may_be_empty(handler.format("OSError", "first_line(error)"))) == []
    ours = "from ordercast.services.shared.kafka.errors import KafkaError\n"
    assert list(reasons_that_may_be_empty(ours + handler.format("KafkaError", "str(error)"))) == []
