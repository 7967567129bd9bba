"""What a body of the contract holds, as the rows of a table, out of its JSON Schema."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ContractField:
    """`name` is such as `items[].quantity`; `kind` such as `integer`, `text: PENDING, CONFIRMED`."""

    name: str
    kind: str
    about: str
    example: str | None
    required: bool


def contract_fields(schema: Mapping[str, Any] | None) -> list[ContractField]:
    return list(_fields(schema, schema.get("$defs", {}), "")) if schema else []


def _fields(schema: Mapping[str, Any], parts: Mapping[str, Any], before: str) -> Iterator[ContractField]:
    for name, told in schema.get("properties", {}).items():
        field = next((each for each in told.get("anyOf", ()) if each.get("type") != "null"), told)
        examples = field.get("enum") or field.get("examples") or ()
        yield ContractField(
            name=before + name,
            kind=str(field.get("format") or field.get("type", "object")),
            about=field.get("description", told.get("description", "")),
            example=", ".join(map(_as_json, examples)) or None,
            required=name in schema.get("required", ()),
        )
        inner = field.get("items", {})
        if "$ref" in inner:
            yield from _fields(parts[inner["$ref"].rpartition("/")[2]], parts, f"{before}{name}[].")


def _as_json(example: object) -> str:
    """As it stands in a body, but for the quotes of a text."""
    return str(example).lower() if isinstance(example, bool) else str(example)
