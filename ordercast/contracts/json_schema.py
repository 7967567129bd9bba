"""JSON Schemas (2020-12) of the events' bodies, made from the event types."""

from inspect import cleandoc
from typing import Any, Final

import msgspec

from ordercast.contracts.events import EVENT_TYPES

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def event_schema(event_type: str) -> dict[str, Any]:
    """The schema of one type's body, complete in itself. Readers pass over fields that it does not name."""
    name = EVENT_TYPES[event_type].__name__
    schemas = body_schemas("#/$defs/", event_type)
    schema = {"$schema": DIALECT, "$id": f"urn:ordercast:event:{event_type}", **schemas.pop(name)}
    return {**schema, "$defs": schemas} if schemas else schema


def body_schemas(reference: str, *event_types: str) -> dict[str, dict[str, Any]]:
    """The schemas of some types' bodies and of their parts by name, which refer to each other by `reference` and name."""
    structs = [EVENT_TYPES[event_type] for event_type in event_types]
    _, schemas = msgspec.json.schema_components(structs, ref_template=reference + "{name}")
    return {
        name: {**schema, "description": cleandoc(schema.get("description", ""))} for name, schema in schemas.items()
    }


def example_of(schema: dict[str, Any], parts: dict[str, dict[str, Any]]) -> Any:
    """A value that fits a schema, out of the examples of its fields. `parts` are the schemas that it may refer to, by name."""
    if "$ref" in schema:
        return example_of(parts[schema["$ref"].rsplit("/", 1)[1]], parts)
    if "properties" in schema:
        return {name: example_of(field, parts) for name, field in schema["properties"].items()}
    if "items" in schema:
        return [example_of(schema["items"], parts)]
    for source in ("examples", "enum"):
        if source in schema:
            return schema[source][0]
    # A field with a default is shown with it.
    return schema["default"] if "default" in schema else example_of(schema["anyOf"][0], parts)
