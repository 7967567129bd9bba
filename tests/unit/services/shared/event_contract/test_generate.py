"""The committed documents are those of the code, and break no reader of the last release."""

import json
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from ordercast.contracts.compatibility import breaks, document_breaks
from ordercast.contracts.events import EVENT_TYPES
from ordercast.contracts.json_schema import event_schema
from ordercast.services.shared.event_contract.asyncapi import asyncapi_document
from ordercast.services.shared.event_contract.generate import FOLDER, generated, released
from tests.support.made_up_events import bodies
from tests.unit.contracts.test_events import NAMES, golden

RELEASED: Final = released()
SCHEMAS: Final[dict[str, dict[str, Any]]] = {
    name.removesuffix(".schema.json"): schema for name, schema in RELEASED.items() if name.endswith(".schema.json")
}


@pytest.mark.parametrize("path", generated(), ids=lambda path: path.name)
def test_a_committed_document_is_as_the_code_says(path: Path) -> None:
    assert path.read_text() == generated()[path], "run: python -m ordercast.services.shared.event_contract.generate"


def test_there_is_no_document_without_a_source() -> None:
    assert set(FOLDER.glob("*.json")) == generated().keys()


def test_no_released_event_type_is_gone() -> None:
    assert SCHEMAS.keys() <= EVENT_TYPES.keys()


@pytest.mark.parametrize("name", SCHEMAS)
def test_no_reader_of_the_last_release_is_broken(name: str) -> None:
    assert [str(found) for found in breaks(SCHEMAS[name], event_schema(name))] == []


def test_topics_keys_and_headers_are_those_of_the_last_release() -> None:
    assert [str(found) for found in document_breaks(RELEASED["asyncapi.json"], asyncapi_document())] == []


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
@pytest.mark.parametrize("name", SCHEMAS)
def test_who_knows_the_last_release_reads_new_events(name: str, data: st.DataObject) -> None:
    event = msgspec.json.decode(json.dumps(data.draw(bodies(event_schema(name)))), type=EVENT_TYPES[name])
    Draft202012Validator(SCHEMAS[name]).validate(json.loads(msgspec.json.encode(event)))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
@pytest.mark.parametrize("name", SCHEMAS)
def test_the_code_reads_events_of_the_last_release(name: str, data: st.DataObject) -> None:
    body = data.draw(bodies(SCHEMAS[name]))
    event = msgspec.json.decode(json.dumps(body), type=EVENT_TYPES[name])
    Draft202012Validator(event_schema(name)).validate(json.loads(msgspec.json.encode(event)))


@pytest.mark.parametrize("name", [name for name in NAMES if name in SCHEMAS])
def test_golden_examples_fit_the_schemas_of_the_last_release(name: str) -> None:
    Draft202012Validator(SCHEMAS[name]).validate(golden(name).body)
