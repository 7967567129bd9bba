"""Made-up bodies of events, out of their JSON Schemas."""

from datetime import UTC
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

Schema = dict[str, Any]

# Items of a made-up list.
MOST_ITEMS = 3
_FORMATS: dict[str, SearchStrategy[str]] = {
    "uuid": st.uuids().map(str),
    "date": st.dates().map(str),
    # By the RFC, not as Python writes it: years have four digits, which they have from 1000 on.
    "date-time": st.datetimes(timezones=st.just(UTC)).map(lambda time: time.isoformat().replace("+00:00", "Z")),
}


def bodies(schema: Schema) -> SearchStrategy[Any]:
    """All that the schema of an event type allows, with fields that may be missing left out now and then."""
    return _values(schema, schema)


def _values(schema: Schema, root: Schema) -> SearchStrategy[Any]:
    if "$ref" in schema:
        return _values(root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root)
    if "anyOf" in schema:
        return st.one_of([_values(kind, root) for kind in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema["type"]:
        case "object":
            fields = {name: _values(field, root) for name, field in schema["properties"].items()}
            required = set(schema.get("required", ()))
            return st.fixed_dictionaries(
                {name: values for name, values in fields.items() if name in required},
                optional={name: values for name, values in fields.items() if name not in required},
            )
        case "array":
            most = min(MOST_ITEMS, schema.get("maxItems", MOST_ITEMS))
            return st.lists(_values(schema["items"], root), min_size=schema.get("minItems", 0), max_size=most)
        case "string":
            if "pattern" in schema:
                return st.from_regex(schema["pattern"].removesuffix("$"), fullmatch=True, alphabet=_ASCII)
            if "format" in schema:
                return _FORMATS[schema["format"]]
            return st.text(min_size=schema.get("minLength", 0), max_size=20)
        case "integer":
            return st.integers(schema.get("minimum"), schema.get("maximum"))
        case "number":
            return st.floats(schema.get("minimum"), schema.get("maximum"), allow_nan=False, allow_infinity=False)
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case other:
            raise NotImplementedError(f"no made-up values of type {other}")


_ASCII = st.characters(codec="ascii")
