"""Compares the published schema of an event with the current one: what would break a reader, with the field's path.

Topics keep everything, so both ways have to hold: who knows the published schema reads new events, and who knows the current one
reads old events.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

Schema = Mapping[str, Any]

# Bounds, and whether a larger value allows less.
_BOUNDS: Final = {
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems"), True),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems"), False),
}
# What only describes.
_WORDS: Final = ("title", "description", "examples", "deprecated", "$comment", "$id")
# What is compared by its parts. All others have to stay as they are, also those that are not known here: whether another
# pattern allows more or less cannot be said.
_PARTS: Final = ("$defs", "anyOf", "enum", "items", "properties", "required")


class Break(NamedTuple):
    """What breaks a reader: where (`items[].quantity`), and why."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path or 'the event'}: {self.reason}"


def breaks(released: Schema, current: Schema) -> list[Break]:
    """Each thing that keeps readers of one of the two schemas from the other's events; none if they are compatible."""
    return list(_compare(released, current, "", (released, current)))


def _compare(released: Schema, current: Schema, path: str, roots: tuple[Schema, Schema]) -> Iterator[Break]:
    old, new = _resolved(released, roots[0]), _resolved(current, roots[1])
    for keyword in sorted((old.keys() | new.keys()) - {*_WORDS, *_PARTS, *_BOUNDS}):
        if keyword not in old or keyword not in new or old[keyword] != new[keyword]:
            yield Break(path, f"{keyword} was {_said(old, keyword)} and is {_said(new, keyword)}")
    yield from _bounds(old, new, path)
    yield from _values(old, new, path)
    if ("anyOf" in old) != ("anyOf" in new) or len(old.get("anyOf", ())) != len(new.get("anyOf", ())):
        yield Break(path, "it may be of other types than before")
    else:
        for one, other in zip(old.get("anyOf", ()), new.get("anyOf", ()), strict=True):
            yield from _compare(one, other, path, roots)
    if ("items" in old) != ("items" in new):
        yield Break(path, f"what its items are is {'not said any more' if 'items' in old else 'new'}")
    elif "items" in old:
        yield from _compare(old["items"], new["items"], f"{path}[]", roots)
    yield from _fields(old, new, path, roots)


def _fields(old: Schema, new: Schema, path: str, roots: tuple[Schema, Schema]) -> Iterator[Break]:
    before, after = old.get("properties", {}), new.get("properties", {})
    required_before, required_after = set(old.get("required", ())), set(new.get("required", ()))
    for name, field in before.items():
        at = f"{path}.{name}" if path else name
        if name not in after:
            yield Break(at, "the field is gone")
            continue
        if name in required_after - required_before:
            yield Break(at, "it is required now, and old events may lack it")
        if name in required_before - required_after:
            yield Break(at, "it was required, and new events may lack it")
        yield from _compare(field, after[name], at, roots)
    for name in sorted((after.keys() - before.keys()) & required_after):
        yield Break(f"{path}.{name}" if path else name, "a new field is required, and old events lack it")


def _bounds(old: Schema, new: Schema, path: str) -> Iterator[Break]:
    for keyword, larger_allows_less in _BOUNDS.items():
        before, after = old.get(keyword), new.get(keyword)
        if before == after:
            continue
        narrower = before is None or (after is not None and (after > before) == larger_allows_less)
        yield Break(path, f"{keyword} was {before} and is {after}: {_who(narrower=narrower)}")


def _values(old: Schema, new: Schema, path: str) -> Iterator[Break]:
    if ("enum" in old) != ("enum" in new):
        yield Break(path, f"its list of values is {'gone' if 'enum' in old else 'new'}: {_who(narrower='enum' in new)}")
    before, after = old.get("enum", []), new.get("enum", [])
    if "enum" in old and "enum" in new:
        for value in before:
            if value not in after:
                yield Break(path, f"{value!r} is no value of it any more: {_who(narrower=True)}")
        for value in after:
            if value not in before:
                yield Break(path, f"{value!r} is a new value of it: {_who(narrower=False)}")


def _who(*, narrower: bool) -> str:
    return "old events may lie outside" if narrower else "old readers do not expect it"


def _said(schema: Schema, keyword: str) -> str:
    return repr(schema[keyword]) if keyword in schema else "not said"


def _resolved(schema: Schema, root: Schema) -> Schema:
    """The schema that it refers to, if it does, with what stands beside the reference."""
    while "$ref" in schema:
        beside = {keyword: value for keyword, value in schema.items() if keyword != "$ref"}
        schema = {**root["$defs"][schema["$ref"].removeprefix("#/$defs/")], **beside}
    return schema


def document_breaks(released: Schema, current: Schema) -> list[Break]:
    """The same for whole AsyncAPI documents: topics with their partitions, what they keep and hold, keys and headers."""
    return list(_compare_documents(released, current))


def _compare_documents(released: Schema, current: Schema) -> Iterator[Break]:
    for name, channel in released["channels"].items():
        other = current["channels"].get(name)
        if other is None:
            yield Break(name, "the topic is gone")
            continue
        before, after = channel["bindings"]["kafka"], other["bindings"]["kafka"]
        for fact in ("topic", "partitions", "topicConfiguration"):
            if before[fact] != after[fact]:
                yield Break(name, f"{fact} was {before[fact]} and is {after[fact]}")
        for message in channel["messages"].keys() - other["messages"].keys():
            yield Break(name, f"it holds no {message} any more")
    messages = current["components"]["messages"]
    for name, message in released["components"]["messages"].items():
        if name not in messages:
            yield Break(name, "the event type is gone")
            continue
        if message["bindings"]["kafka"]["key"] != messages[name]["bindings"]["kafka"]["key"]:
            yield Break(name, "its key is another one")
        yield from (
            Break(f"{name}: header {path}", why) for path, why in breaks(message["headers"], messages[name]["headers"])
        )
