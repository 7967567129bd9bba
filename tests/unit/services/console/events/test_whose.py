"""Whose an event is: by its key, or by what its body names."""

import json
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercast.contracts.events import EVENT_TYPES
from ordercast.services.console.events.whose import Of, Whose

GOLDEN: Final = Path(__file__).parents[3] / "contracts" / "golden"
PLACED: Final = {
    "order_id": "0198c7a0-0000-7000-8000-000000000007",
    "account_id": 8,
    "items": [{"line": 1, "product_id": 7}, {"line": 2, "product_id": 9}],
}
VIEWED: Final = {"account_id": 7, "product_id": 8, "count": 1}


def event(key: str, body: dict[str, Any]) -> str:
    return json.dumps({"type": "ordercast.x.v1", "partitionkey": key, "data": body})


@pytest.mark.parametrize(
    ("whose", "placed", "viewed"),
    [
        (Whose(), True, True),
        (Whose("8"), True, False),
        (Whose("8", "account"), True, False),
        (Whose("7", "account"), False, True),
        (Whose("8", "product"), False, True),
        (Whose("7", "product"), True, False),
        (Whose("9", "product"), True, False),
        (Whose("1", "product"), False, False),
        (Whose(PLACED["order_id"], "order"), True, False),  # type: ignore[arg-type]
        (Whose(str(PLACED["order_id"]).upper(), "order"), True, False),
        (Whose("0198c7a0", "order"), False, False),
    ],
)
def test_an_event_is_of_the_account_the_products_and_the_order_that_it_names(
    whose: Whose, placed: bool, viewed: bool
) -> None:
    assert whose.has(event("8", PLACED)) == placed
    assert whose.has(event("7", VIEWED)) == viewed


@pytest.mark.parametrize("name", sorted(EVENT_TYPES))
def test_each_event_is_found_by_whatever_it_names(name: str) -> None:
    body = json.loads((GOLDEN / f"{name}.json").read_text())["body"]
    of: Of
    for of in ("account", "product", "order"):
        lines = [body, *body.get("items", [])]
        named = {str(each[f"{of}_id"]) for each in lines if f"{of}_id" in each}
        assert all(Whose(id_, of).has(event("0", body)) for id_ in named)
        assert not Whose("4711471147", of).has(event("0", body))


@pytest.mark.parametrize("items", [None, 7, "product_id", ["product_id", None, [8]], {"product_id": 7}])
def test_lines_that_are_none_name_nothing_and_end_no_stream(items: object) -> None:
    odd = event("8", VIEWED | {"items": items})
    assert Whose("8", "product").has(odd)
    assert not Whose("7", "product").has(odd)


@pytest.mark.parametrize("body", [None, 7, "product_id", ["product_id"]])
def test_a_body_without_fields_names_nothing(body: Any) -> None:
    assert not Whose("7", "product").has(event("8", body))


@given(key=st.text(max_size=9), wanted=st.text(max_size=9))
def test_a_key_is_that_key_as_a_whole_and_none_is_all(key: str, wanted: str) -> None:
    assert Whose(wanted).has(event(key, {})) == (wanted in ("", key))
