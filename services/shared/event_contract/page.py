"""The AsyncAPI document as a page to read. It has no script and loads nothing."""

import json
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any, Final

from ordercast.services.shared.event_contract.asyncapi import Document
from ordercast.services.shared.html_page import html_page, prose

_FIELD_COLUMNS: Final = ("name", "type", "what it means", "bounds")
# What is told of a value beside its type and its meaning.
_BOUNDS: Final = {
    "minimum": "from {}",
    "maximum": "to {}",
    "minLength": "at least {} characters",
    "minItems": "at least {}",
    "maxItems": "at most {}",
    "pattern": "{}",
    "const": "{}",
}


def asyncapi_page(document: Document, document_url: str) -> str:
    """The HTML of the document, which itself lies at `document_url`."""
    info, messages = document["info"], document["components"]["messages"]
    title = escape(f"{info['title']} {info['version']}")
    parts = [
        f"<h1>{title}</h1>",
        *(f"<p>{prose(paragraph)}</p>" for paragraph in info["description"].split("\n\n")),
        f'<p>The same for programs: <a href="{escape(document_url)}">AsyncAPI {document["asyncapi"]}</a>.</p>',
        "<nav><ul>",
        *(f'<li><a href="#{escape(name)}">{escape(name)}</a></li>' for name in (*document["channels"], *messages)),
        "</ul></nav>",
        "<h2>Topics</h2>",
        *(part for name, channel in document["channels"].items() for part in _topic(name, channel)),
        "<h2>Messages</h2>",
        *(part for name, message in messages.items() for part in _message(name, message, document)),
    ]
    return html_page(f"{info['title']} {info['version']}", parts)


def _topic(name: str, channel: Document) -> Iterator[str]:
    yield f'<h3 id="{escape(name)}">{escape(name)}</h3><p>{prose(channel["description"])}</p>'
    links = ", ".join(f'<a href="#{escape(message)}">{escape(message)}</a>' for message in channel["messages"])
    yield f"<p>Messages: {links}</p>"
    kafka = channel["bindings"]["kafka"]
    settings = {"partitions": kafka["partitions"], **kafka["topicConfiguration"]}
    yield _table("Settings", ("setting", "value"), ((key, json.dumps(value)) for key, value in settings.items()))


def _message(name: str, message: Document, document: Document) -> Iterator[str]:
    schemas = document["components"]["schemas"]
    yield f'<h3 id="{escape(name)}">{escape(name)}</h3><p>{prose(message["summary"])}</p>'
    yield f"<p>Key: {escape(message['bindings']['kafka']['key']['description'])}. Body: {escape(message['contentType'])}.</p>"
    yield _table("Headers", _FIELD_COLUMNS, _fields(message["headers"], schemas))
    payload = _resolved(message["payload"], schemas)
    rest = (payload.get("description") or "").partition(message["summary"])[2].strip()
    if rest:
        yield f"<p>{prose(rest)}</p>"
    if "properties" in payload:
        yield _table("Fields", _FIELD_COLUMNS, _fields(payload, schemas))
    for example in message["examples"]:
        yield f"<pre>{escape(json.dumps(example, indent=2, ensure_ascii=False))}</pre>"


def _fields(schema: Document, schemas: Mapping[str, Document], path: str = "") -> Iterator[tuple[str, ...]]:
    """A row for each field, and for those of its parts."""
    for name, field in schema["properties"].items():
        one: Document = next((kind for kind in field.get("anyOf", ()) if kind.get("type") != "null"), {})
        known = {**one, **field}
        optional = "" if name in schema.get("required", ()) else " (optional)"
        yield f"{path}{name}{optional}", _type_of(field, schemas), known.get("description", ""), _bounds(known)
        part = _resolved(field.get("items", field), schemas)
        if "properties" in part:
            yield from _fields(part, schemas, f"{path}{name}{'[]' if 'items' in field else ''}.")


def _type_of(field: Document, schemas: Mapping[str, Document]) -> str:
    if "anyOf" in field:
        return " or ".join(_type_of(kind, schemas) for kind in field["anyOf"])
    if "items" in field:
        return f"list of {_type_of(field['items'], schemas)}"
    field = _resolved(field, schemas)
    return str(field.get("title") or field.get("format") or field.get("type", "any"))


def _bounds(field: Document) -> str:
    told = [text.format(field[keyword]) for keyword, text in _BOUNDS.items() if keyword in field]
    if "enum" in field:
        told.append(" or ".join(map(str, field["enum"])))
    if "default" in field:
        told.append(f"if missing: {json.dumps(field['default'])}")
    return ", ".join(told)


def _resolved(schema: Document, schemas: Mapping[str, Document]) -> dict[str, Any]:
    return schemas[schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema


def _table(caption: str, head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    body = "".join(f"<tr>{''.join(f'<td>{prose(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="scroll"><table><caption>{escape(caption)}</caption><tr>{heads}</tr>{body}</table></div>'
