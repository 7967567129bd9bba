"""Each kind of change that breaks a reader is refused with the field; what breaks nobody is not."""

import copy
from collections.abc import Callable
from typing import Any, Final

import pytest

from ordercast.contracts.compatibility import Break, breaks, document_breaks
from ordercast.contracts.json_schema import event_schema
from ordercast.services.shared.event_contract.asyncapi import asyncapi_document

RELEASED: Final = event_schema("ordercast.order.placed.v1")
Change = Callable[[dict[str, Any]], object]


def after(change: Change) -> list[Break]:
    current = copy.deepcopy(RELEASED)
    change(current)
    return breaks(RELEASED, current)


def item(schema: dict[str, Any], field: str) -> dict[str, Any]:
    found: dict[str, Any] = schema["$defs"]["OrderItem"]["properties"][field]
    return found


BREAKING: Final[dict[str, tuple[Change, str]]] = {
    "a field is gone": (lambda new: new["properties"].pop("currency"), "currency: the field is gone"),
    "a field of a part is gone": (
        lambda new: new["$defs"]["OrderItem"]["properties"].pop("quantity"),
        "items[].quantity: the field is gone",
    ),
    "a type changed": (
        lambda new: item(new, "quantity").update(type="string"),
        "items[].quantity: type was 'integer' and is 'string'",
    ),
    "a format changed": (
        lambda new: new["properties"]["placed_at"].update(format="date"),
        "placed_at: format was 'date-time' and is 'date'",
    ),
    "a pattern changed": (
        lambda new: new["properties"]["currency"].update(pattern="^[a-z]{3}$"),
        "currency: pattern was '^[A-Z]{3}$' and is '^[a-z]{3}$'",
    ),
    "a pattern is new": (
        lambda new: new["properties"]["order_ref"]["anyOf"][0].update(pattern="^A"),
        "order_ref: pattern was not said and is '^A'",
    ),
    "a default changed": (
        lambda new: new["properties"]["order_ref"].update(default=""),
        "order_ref: default was None and is ''",
    ),
    "a new field is required": (
        lambda new: (new["properties"].update(tax={"type": "string"}), new["required"].append("tax")),
        "tax: a new field is required, and old events lack it",
    ),
    "a field is required now": (
        lambda new: new["required"].append("order_ref"),
        "order_ref: it is required now, and old events may lack it",
    ),
    "a field may be missing now": (
        lambda new: new["required"].remove("total"),
        "total: it was required, and new events may lack it",
    ),
    "a bound is narrower": (
        lambda new: item(new, "quantity").update(maximum=10),
        "items[].quantity: maximum was 1000000 and is 10: old events may lie outside",
    ),
    "a bound is new": (
        lambda new: new["properties"]["currency"].update(maxLength=2),
        "currency: maxLength was None and is 2: old events may lie outside",
    ),
    "a bound is wider": (
        lambda new: item(new, "quantity").update(minimum=0),
        "items[].quantity: minimum was 1 and is 0: old readers do not expect it",
    ),
    "a bound is gone": (
        lambda new: new["properties"]["items"].pop("maxItems"),
        "items: maxItems was 2000 and is None: old readers do not expect it",
    ),
    "a value is gone": (
        lambda new: new["properties"]["status"]["enum"].remove("PENDING"),
        "status: 'PENDING' is no value of it any more: old events may lie outside",
    ),
    "a value is new": (
        lambda new: new["properties"]["status"]["enum"].append("PAID"),
        "status: 'PAID' is a new value of it: old readers do not expect it",
    ),
    "a list of values is new": (
        lambda new: new["properties"]["currency"].update(enum=["EUR"]),
        "currency: its list of values is new: old events may lie outside",
    ),
    "no other fields are allowed any more": (
        lambda new: new.update(additionalProperties=False),
        "the event: additionalProperties was not said and is False",
    ),
    "no other fields of a part are allowed any more": (
        lambda new: new["$defs"]["OrderItem"].update(additionalProperties=False),
        "items[]: additionalProperties was not said and is False",
    ),
    "it comes in steps": (
        lambda new: item(new, "quantity").update(multipleOf=10),
        "items[].quantity: multipleOf was not said and is 10",
    ),
    "each item may come once": (
        lambda new: new["properties"]["items"].update(uniqueItems=True),
        "items: uniqueItems was not said and is True",
    ),
    "a default of null is new": (
        lambda new: new["properties"]["currency"].update(default=None),
        "currency: default was not said and is None",
    ),
    "something is said beside a reference": (
        lambda new: new["properties"]["items"]["items"].update(minProperties=9),
        "items[]: minProperties was not said and is 9",
    ),
    "its items may be anything": (
        lambda new: new["properties"]["items"].pop("items"),
        "items: what its items are is not said any more",
    ),
    "it may not be null any more": (
        lambda new: new["properties"]["order_ref"]["anyOf"].pop(),
        "order_ref: it may be of other types than before",
    ),
}


@pytest.mark.parametrize("kind", BREAKING)
def test_a_change_that_breaks_is_refused_with_the_path_of_its_field(kind: str) -> None:
    change, reason = BREAKING[kind]
    assert reason in map(str, after(change))


@pytest.mark.parametrize(
    "change",
    [
        lambda new: None,
        lambda new: new["properties"].update(tax={"type": "string", "default": "0"}),
        lambda new: new["properties"]["currency"].update(description="said better", examples=["JPY"]),
        lambda new: new.update(description="said better"),
    ],
)
def test_a_new_field_with_a_default_and_better_words_break_nobody(change: Change) -> None:
    assert after(change) == []


BREAKING_DOCUMENTS: Final[dict[str, tuple[Change, str]]] = {
    "a topic is gone": (lambda new: new["channels"].pop("views"), "views: the topic is gone"),
    "a topic has other partitions": (
        lambda new: new["channels"]["models"]["bindings"]["kafka"].update(partitions=2),
        "models: partitions was 1 and is 2",
    ),
    "a topic keeps less": (
        lambda new: new["channels"]["orders"]["bindings"]["kafka"]["topicConfiguration"].update({"retention.ms": 1}),
        "orders: topicConfiguration was",
    ),
    "an event went to another topic": (
        lambda new: new["channels"]["views"]["messages"].pop("ordercast.product.carted.v1"),
        "views: it holds no ordercast.product.carted.v1 any more",
    ),
    "an event type is gone": (
        lambda new: new["components"]["messages"].pop("ordercast.order.placed.v1"),
        "ordercast.order.placed.v1: the event type is gone",
    ),
    "the key is another one": (
        lambda new: new["components"]["messages"]["ordercast.order.placed.v1"]["bindings"]["kafka"].update(key={}),
        "ordercast.order.placed.v1: its key is another one",
    ),
    "a header is gone": (
        lambda new: new["components"]["messages"]["dead-letter"]["headers"]["properties"].pop("reason"),
        "dead-letter: header reason: the field is gone",
    ),
}


@pytest.mark.parametrize("kind", BREAKING_DOCUMENTS)
def test_a_change_of_topics_keys_and_headers_that_breaks_is_refused(kind: str) -> None:
    change, reason = BREAKING_DOCUMENTS[kind]
    released, current = asyncapi_document(), copy.deepcopy(asyncapi_document())
    assert document_breaks(released, current) == []
    change(current)
    assert any(str(found).startswith(reason) for found in document_breaks(released, current))
