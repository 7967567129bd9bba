"""The schemas say what the events are: golden examples and made-up events fit them, and what is written back does, too."""

import json
from typing import Any, Final

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from ordercast.contracts.events import EVENT_TYPES
from ordercast.contracts.json_schema import body_schemas, event_schema, example_of
from tests.support.made_up_events import bodies
from tests.unit.contracts.test_events import NAMES, golden

SCHEMAS: Final = {name: event_schema(name) for name in EVENT_TYPES}


def fits(schema: dict[str, Any], body: object) -> None:
    """Raises ValidationError."""
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(body)


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_a_schema_is_one_of_its_dialect(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])


@pytest.mark.parametrize("name", NAMES)
def test_a_golden_example_fits_its_schema(name: str) -> None:
    fits(SCHEMAS[name], golden(name).body)


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_refuses_a_body_without_a_required_field_or_with_one_of_another_type(name: str) -> None:
    body = golden(name).body
    for field in SCHEMAS[name]["required"]:
        with pytest.raises(ValidationError, match=field):
            fits(SCHEMAS[name], {key: value for key, value in body.items() if key != field})
        with pytest.raises(ValidationError):
            fits(SCHEMAS[name], {**body, field: {"another": "type"}})


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
@pytest.mark.parametrize("name", EVENT_TYPES)
def test_made_up_events_are_read_and_what_is_written_back_fits_the_schema(name: str, data: st.DataObject) -> None:
    body = data.draw(bodies(SCHEMAS[name]))
    event = msgspec.json.decode(json.dumps(body), type=EVENT_TYPES[name])
    written = msgspec.json.encode(event)
    fits(SCHEMAS[name], json.loads(written))
    assert msgspec.json.decode(written, type=EVENT_TYPES[name]) == event


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_each_field_says_what_it_means_and_has_an_example_that_fits(name: str) -> None:
    schemas = body_schemas("#/$defs/", name)
    for schema in schemas.values():
        assert schema["description"]
        for field, described in schema["properties"].items():
            kinds = [described, *described.get("anyOf", ())]
            assert any("description" in kind or "$ref" in kind for kind in kinds), f"{name}: {field}"
    fits(SCHEMAS[name], example_of(schemas[EVENT_TYPES[name].__name__], schemas))
