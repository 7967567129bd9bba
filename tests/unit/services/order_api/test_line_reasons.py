import json
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from ordercast.services.order_api import line_reasons
from ordercast.services.order_api.line_reasons import reason_of
from ordercast.services.order_api.orders.import_lines import ImportLine
from ordercast.services.order_api.views.lines import ViewLine


class Item(msgspec.Struct, forbid_unknown_fields=True):
    count: Annotated[int, Meta(ge=1, le=5, description="a whole number from 1 to 5")]
    price: Annotated[str, Meta(pattern="^[0-9]+$", description="a decimal")] | None = None

    def __post_init__(self) -> None:
        if self.count == 3:
            raise ValueError("count must not be 3")


class Document(msgspec.Struct, forbid_unknown_fields=True):
    items: Annotated[list[Item], Meta(min_length=1, description="a list of items")]
    who: Annotated[str, Meta(min_length=1, description="a name")] | Annotated[int, Meta(ge=1, description="an id")] = 1
    at: Annotated[datetime, Meta(tz=True)] | None = None
    status: Literal["OPEN", "CLOSED"] = "OPEN"
    seen: bool = False


ITEMS = {"items": [{"count": 1}]}


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ([], "the line must be a JSON object"),
        ({}, "items is missing"),
        ({"items": []}, "items must be a list of items"),
        ({"items": {}}, "items must be a list of items"),
        ({"items": [{"count": 1}, {"count": 9}]}, "items.1.count must be a whole number from 1 to 5"),
        ({"items": [{"count": "1"}]}, "items.0.count must be a whole number from 1 to 5"),
        ({"items": [{"count": 3}]}, "items.0.count must not be 3"),
        ({"items": [{}]}, "items.0.count is missing"),
        ({"items": [7]}, "items.0 must be a JSON object"),
        ({"items": [{"count": 1, "price": "-1"}]}, "items.0.price must be a decimal"),
        ({"items": [{"count": 1, "what`s": 1}]}, "there is no field items.0.what`s"),
        (ITEMS | {"who": ""}, "who must be a name or an id"),
        (ITEMS | {"who": 1.5}, "who must be a name or an id"),
        (ITEMS | {"at": "yesterday"}, "at must be a time with its zone, such as 2026-01-02T03:04:05Z"),
        (ITEMS | {"at": "2026-01-02T03:04:05"}, "at must be a time with its zone, such as 2026-01-02T03:04:05Z"),
        (ITEMS | {"status": "LOST"}, "status must be CLOSED or OPEN"),
        (ITEMS | {"seen": 1}, "seen must be true or false"),
    ],
)
def test_a_reason_names_the_field_and_what_it_holds(document: Any, reason: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.json.decode(json.dumps(document), type=Document)
    assert reason_of(caught.value, Document) == reason


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", " ", "x", "\0", "1" * 300, "2026-01-02T03:04:05Z"]),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=3,
)
_NAMES = ["order_ref", "account_ref", "occurred_at", "items", "status", "product_id", "sku", "count", "simulated"]
_ITEMS = st.lists(
    st.dictionaries(st.sampled_from(["sku", "quantity", "unit_price", "name", "else"]), _JSON), max_size=2
)


@given(st.dictionaries(st.sampled_from(_NAMES), _JSON | _ITEMS), st.sampled_from([ImportLine, ViewLine]))
def test_no_reason_of_our_lines_shows_a_pattern_or_a_type_of_python(document: Any, kind: type) -> None:
    try:
        msgspec.json.decode(json.dumps(document), type=kind)
    except msgspec.ValidationError as error:
        reason = reason_of(error, kind)
        assert not any(
            word in reason for word in ("regex", "`", "str", "float", "datetime", "Expected", "something else")
        )


def test_what_a_line_holds_is_looked_up_once_however_many_are_refused() -> None:
    line_reasons._type_info.cache_clear()
    for quantity in range(-3, 1):
        with pytest.raises(msgspec.ValidationError) as caught:
            msgspec.convert({"items": [{"count": quantity}]}, Document)
        reason_of(caught.value, Document)
    assert line_reasons._type_info.cache_info().misses == 1
