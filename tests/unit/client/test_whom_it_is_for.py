"""What the client's methods say of who may call them is what the services' table says."""

import ast
import inspect
import re
from collections.abc import Iterator
from typing import Final

import pytest

from ordercast.client.order_api import OrderApi
from ordercast.client.predictor import PredictorApi
from ordercast.services.shared.http.access import ACCESS, Access
from ordercast.services.shared.http.caller import Role

# By who is the first that may.
SAID: Final[dict[Role, str]] = {
    "SERVICE": "Not for customers.",
    "OPERATOR": "Needs an operator.",
    "ADMIN": "Needs an admin.",
}
VERBS: Final = {"_get": "GET", "_pages": "GET", "_post": "POST"}
TABLE: Final = {(method, re.sub(r"{\w+}", "{}", path)): access for (method, path), access in ACCESS.items()}


def path_in(node: ast.expr) -> str:
    """A path with {} for each value, without the address before it."""
    if isinstance(node, ast.Call):  # of self._url
        return path_in(node.args[0])
    if isinstance(node, ast.JoinedStr):
        text = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        return text.removeprefix("{}")
    return str(ast.literal_eval(node))


def asked(method: ast.AsyncFunctionDef) -> Iterator[Access]:
    for call in ast.walk(method):
        if not isinstance(call, ast.Call):
            continue
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if name in VERBS:
            yield TABLE[VERBS[name], path_in(call.args[0])]
        elif name in ("Request", "_send"):
            yield TABLE[ast.literal_eval(call.args[0]), path_in(call.args[1])]


def said(method: ast.AsyncFunctionDef) -> list[str]:
    told = " ".join((ast.get_docstring(method) or "").split())
    return [text for text in SAID.values() if text in told]


def methods() -> Iterator[ast.AsyncFunctionDef]:
    for api in (OrderApi, PredictorApi):
        [parsed] = ast.parse(inspect.getsource(api)).body
        assert isinstance(parsed, ast.ClassDef)
        yield from (node for node in parsed.body if isinstance(node, ast.AsyncFunctionDef) and said(node))


@pytest.mark.parametrize("method", [*methods()], ids=lambda method: method.name)
def test_who_may_call_a_method_is_said_as_the_table_has_it(method: ast.AsyncFunctionDef) -> None:
    for access in asked(method):
        # Of what is open to customers, too, the method asks for a part that is not.
        first = next(role for role in access.allowed if role != "CUSTOMER")
        assert said(method) == [SAID[first]]
