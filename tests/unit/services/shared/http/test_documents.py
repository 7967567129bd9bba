"""OpenAPI's description of an answer has its fields, types and words, because it is made from them."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import uuid4

import msgspec
from msgspec import Meta

from ordercast.services.shared.http.documents import document_of


class Line(msgspec.Struct, frozen=True):
    number: Annotated[int, Meta(examples=[1], description="from 1")]
    price: Decimal


class Answer(msgspec.Struct, frozen=True, rename="camel"):
    """An answer with a field of each kind."""

    lines: list[Line]
    created_at: datetime
    total: Annotated[Decimal, Meta(examples=["12.50"])] | None
    figures: dict[str, Any]
    note: str | None = None


def schema_of(answer: type[msgspec.Struct]) -> dict[str, Any]:
    return document_of(answer).model_json_schema(mode="serialization")


def test_every_field_is_described_with_its_type() -> None:
    schema = schema_of(Answer)
    assert (schema["title"], schema["description"]) == ("Answer", "An answer with a field of each kind.")
    properties = schema["properties"]
    assert list(properties) == ["lines", "createdAt", "total", "figures", "note"]
    assert properties["lines"]["items"] == {"$ref": "#/$defs/Line"}
    assert properties["createdAt"]["format"] == "date-time"
    assert properties["total"]["anyOf"] == [{"type": "string", "examples": ["12.50"]}, {"type": "null"}]
    assert schema["$defs"]["Line"]["properties"]["number"] == {
        "title": "Number",
        "type": "integer",
        "description": "from 1",
        "examples": [1],
    }


def test_what_msgspec_writes_fits_what_is_described() -> None:
    answer = Answer([Line(1, Decimal("0.10"))], datetime.now(UTC), Decimal("12.50"), {"id": uuid4()})
    written = document_of(Answer).model_validate_json(msgspec.json.encode(answer), strict=True)
    assert written.model_dump()["lines"] == [{"number": 1, "price": "0.10"}]


def test_one_answer_has_one_document() -> None:
    assert document_of(Answer) is document_of(Answer)


class Defaults(msgspec.Struct, kw_only=True):
    count: int = 3
    price: Decimal = Decimal("1.50")
    note: str | None = None
    lines: list[Line] = []
    required: Annotated[int, Meta(description="kept"), Meta(examples=[1])] = msgspec.field(name="seen")


def test_defaults_are_shown_as_they_are() -> None:
    properties = schema_of(Defaults)["properties"]
    shown = {name: schema["default"] for name, schema in properties.items() if "default" in schema}
    assert shown == {"count": 3, "price": "1.50", "note": None}


def test_a_later_hint_adds_to_an_earlier_one() -> None:
    seen = schema_of(Defaults)["properties"]["seen"]
    assert (seen["description"], seen["examples"]) == ("kept", [1])
