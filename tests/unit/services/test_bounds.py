"""Every field and parameter of a request says in the OpenAPI document how long, how large or how many it may be."""

from collections.abc import Iterator
from typing import Any, Final

import pytest
from fastapi import FastAPI

from tests.unit.services.test_access import APPS

Schema = dict[str, Any]

# Of these formats each value has a length of its own, which the service looks at.
BOUNDED_FORMATS: Final = {"uuid", "date"}
LOWER_AND_UPPER: Final = {
    "integer": ({"minimum", "exclusiveMinimum"}, {"maximum", "exclusiveMaximum"}),
    "number": ({"minimum", "exclusiveMinimum"}, {"maximum", "exclusiveMaximum"}),
    "string": (set(), {"maxLength"}),
    "array": (set(), {"maxItems"}),
}
# Where no bound makes sense, and why.
UNBOUNDED: Final = {
    "POST /orders/import application/x-ndjson: string without maxLength": "of any length: read and committed as it streams in",
    "POST /products/import application/x-ndjson: string without maxLength": "the same",
    "POST /views/batch application/x-ndjson: string without maxLength": "bounded in lines and bytes, unpacked, not in characters",
}


def unbounded(schema: Schema, document: Schema, where: str, given: frozenset[str] = frozenset()) -> Iterator[str]:
    """The places below a schema that say no bound; `given` are those beside the alternatives that it is one of."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    given |= schema.keys()
    for kind in ("anyOf", "oneOf", "allOf"):
        for part in schema.get(kind, ()):
            yield from unbounded(part, document, where, given)
    for name, part in schema.get("properties", {}).items():
        yield from unbounded(part, document, f"{where}.{name}")
    if "items" in schema:
        yield from unbounded(schema["items"], document, f"{where}[]")
    kind = schema.get("type", "")
    if kind == "object":
        if isinstance(more := schema.get("additionalProperties", "properties" not in schema), dict):
            yield from unbounded(more, document, f"{where}.*")
        if more and "maxProperties" not in schema:
            yield f"{where}: object"
    if "enum" in schema or "const" in schema or schema.get("format") in BOUNDED_FORMATS:
        return
    for bounds in LOWER_AND_UPPER.get(kind, ()):
        if bounds and not bounds & given:
            yield f"{where}: {kind} without {min(bounds, key=len)}"


def requests(app: FastAPI) -> Iterator[tuple[str, Schema]]:
    """The place and schema of each parameter and each body."""
    for path, operations in app.openapi()["paths"].items():
        for method, operation in operations.items():
            name = f"{method.upper()} {path}"
            for parameter in operation.get("parameters", ()):
                yield f"{name} {parameter['in']} {parameter['name']}", parameter["schema"]
            for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
                yield f"{name} {media_type}", content["schema"]


@pytest.mark.parametrize("app", APPS, ids=lambda app: app.title)
def test_each_part_of_a_request_has_its_bounds(app: FastAPI) -> None:
    found = {place for where, schema in requests(app) for place in unbounded(schema, app.openapi(), where)}
    assert found - UNBOUNDED.keys() == set()


def test_what_is_left_out_is_there() -> None:
    found = {
        place for app in APPS for where, schema in requests(app) for place in unbounded(schema, app.openapi(), where)
    }
    assert UNBOUNDED.keys() <= found


@pytest.mark.parametrize(
    ("schema", "places"),
    [
        ({"type": "integer", "minimum": 1}, ["x: integer without maximum"]),
        ({"type": "array", "items": {"type": "string"}, "maxItems": 3}, ["x[]: string without maxLength"]),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}], "minimum": 1, "maximum": 3}, []),
        ({"anyOf": [{"type": "string", "maxLength": 3}, {"type": "array"}]}, ["x: array without maxItems"]),
        ({"$ref": "#/components/schemas/Body"}, ["x.name: string without maxLength"]),
        ({"type": "object"}, ["x: object"]),
        ({"enum": ["a", "b"]}, []),
    ],
)
def test_it_sees_what_has_no_bound(schema: Schema, places: list[str]) -> None:
    body = {"type": "object", "properties": {"name": {"type": "string"}}}
    assert list(unbounded(schema, {"components": {"schemas": {"Body": body}}}, "x")) == places
