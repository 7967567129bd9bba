"""Says in words why a line does not fit its type: from the descriptions of the fields, not from msgspec's own texts.

Each constrained type says what it holds in its `Meta(description=...)`, which OpenAPI shows, too.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import msgspec
from msgspec import inspect

# How msgspec ends its messages: where in the document the fault lies.
_PLACE: Final = re.compile(r" - at `\$(?P<path>.*)`\Z", re.DOTALL)
_STEP: Final = re.compile(r"\.([^.\[]+)|\[(\d+)\]")
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(?P<name>.*)`", re.DOTALL)
_MISSING: Final = re.compile(r"Object missing required field `(?P<name>.*)`", re.DOTALL)
# Made once for each type of line: it takes a hundred times as long as to read a line.
_type_info: Final = cache(inspect.type_info)
# Characters of a field's name that are shown: an unknown one is the client's own.
_NAME_MAX: Final = 100


def reason_of(error: msgspec.ValidationError, kind: Any) -> str:
    """For example "items.0.unit_price must be a decimal with at most 4 decimals"; `kind` is the line's type."""
    message = str(error)
    place = _PLACE.search(message)
    steps = [name or number for name, number in _STEP.findall(place["path"])] if place else []
    text = message[: place.start()] if place else message
    if error.__cause__ is not None:  # a check of our own, in its own words
        return _at(steps, str(error.__cause__))
    if unknown := _UNKNOWN.fullmatch(text):
        return f"there is no field {_at(steps, unknown['name'][:_NAME_MAX])}"
    if missing := _MISSING.fullmatch(text):
        return f"{_at(steps, missing['name'])} is missing"
    return f"{'.'.join(steps) or 'the line'} must be {_described(_type_info(kind), steps)}"


def _at(steps: Sequence[str], name: str) -> str:
    return ".".join([*steps, name])


def _described(kind: inspect.Type, steps: Sequence[str]) -> str:
    """What the type holds that the steps lead to."""
    if isinstance(kind, inspect.Metadata):
        description = (kind.extra_json_schema or {}).get("description")
        return str(description) if description and not steps else _described(kind.type, steps)
    if isinstance(kind, inspect.UnionType):
        described = [_described(part, steps) for part in kind.types if not isinstance(part, inspect.NoneType)]
        return " or ".join(dict.fromkeys(described))
    if isinstance(kind, inspect.StructType) and steps:
        return _described(next(field.type for field in kind.fields if field.encode_name == steps[0]), steps[1:])
    if isinstance(kind, inspect.ListType) and steps:
        return _described(kind.item_type, steps[1:])
    return _plain(kind)


def _plain(kind: inspect.Type) -> str:
    if isinstance(kind, inspect.LiteralType):
        return " or ".join(map(str, kind.values))
    names: dict[type[inspect.Type], str] = {
        inspect.StructType: "a JSON object",
        inspect.ListType: "a list",
        inspect.StrType: "text",
        inspect.BoolType: "true or false",
        inspect.IntType: "a whole number",
        inspect.FloatType: "a number",
        inspect.DateTimeType: "a time with its zone, such as 2026-01-02T03:04:05Z",
    }
    return names.get(type(kind), "something else")
