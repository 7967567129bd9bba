"""Whether an answer is what the OpenAPI document says of it, to the field."""

from typing import Any

from jsonschema import Draft202012Validator


def differences(document: dict[str, Any], schema: dict[str, Any], answer: Any) -> list[str]:
    """Each way in which `answer` is not what `schema` says: fields that are missing, too many, or of another type."""
    whole = _without_additions({**schema, "components": document.get("components", {})})
    validator = Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(answer)]


def schema_of(document: dict[str, Any], method: str, path: str, media_type: str = "application/json") -> dict[str, Any]:
    """The schema of a route's answer with status 200."""
    schema: dict[str, Any] = document["paths"][path][method]["responses"]["200"]["content"][media_type]["schema"]
    return schema


def _without_additions(schema: Any) -> Any:
    """The schema with every object closed: a field that it does not name is a difference."""
    if isinstance(schema, list):
        return [_without_additions(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _without_additions(part) for name, part in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        closed.setdefault("additionalProperties", False)
    return closed
