"""What verify takes for a state of a product or an account, and what it does not."""

import json
from typing import Any

import pytest

from ordercast.verify.state_events import AccountState, ProductState, account_state_of, product_state_of
from tests.unit.contracts.test_events import golden

PARTITIONS = 8
PRODUCT = golden("ordercast.product.changed.v1")
ACCOUNT = golden("ordercast.account.changed.v1")
PRODUCT_ID, ACCOUNT_ID = PRODUCT.body["product_id"], ACCOUNT.body["account_id"]


def record(example: Any, headers: dict[str, str], body: dict[str, Any]) -> tuple[list[tuple[str, bytes]], bytes]:
    named = [(name, value.encode()) for name, value in {**example.headers, **headers}.items()]
    return named, json.dumps({**example.body, **body}).encode()


def product(headers: dict[str, str], body: dict[str, Any]) -> ProductState | None:
    return product_state_of(*record(PRODUCT, headers, body), PRODUCT_ID % PARTITIONS, PARTITIONS)


def account(headers: dict[str, str], body: dict[str, Any]) -> AccountState | None:
    return account_state_of(*record(ACCOUNT, headers, body), ACCOUNT_ID % PARTITIONS, PARTITIONS)


def test_a_product_is_read_out_of_its_event_with_the_price_as_a_whole_number() -> None:
    state = product(
        {"ce_sequence": "12"}, {"price": "2.5", "sku": "a", "name": "b", "currency": "EUR", "active": False}
    )
    assert state == ProductState(PRODUCT_ID, "a", "b", 25_000, "EUR", False, 12)


def test_an_account_is_read_out_of_its_event_with_a_nickname_or_none() -> None:
    assert account({"ce_sequence": "3"}, {"nickname": None}) == AccountState(ACCOUNT_ID, 3)
    assert account({"ce_sequence": "3"}, {"nickname": "ann"}) == AccountState(ACCOUNT_ID, 3)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"ce_producer": "states:accounts"}, {}),
        ({"ce_producer": "outbox", "ce_numbering": "dense"}, {}),
        ({"ce_type": "ordercast.product.removed.v1"}, {}),
        ({"ce_type": "ordercast.account.changed.v1"}, {}),
        ({"ce_sequence": "0"}, {}),
        ({"ce_time": "yesterday"}, {}),
        ({}, {"product_id": PRODUCT_ID + 1}),
        ({}, {"product_id": str(PRODUCT_ID)}),
        ({}, {"product_id": True}),
        ({}, {"price": 2.5}),
        ({}, {"price": "2.55555"}),
        ({}, {"price": "NaN"}),
        ({}, {"price": "Infinity"}),
        ({}, {"price": "two"}),
        ({}, {"active": 1}),
        ({}, {"sku": None}),
        ({}, {"changed_at": "never"}),
    ],
)
def test_whatever_else_is_no_product(headers: dict[str, str], body: dict[str, Any]) -> None:
    assert product({}, {}) is not None
    assert product(headers, body) is None


@pytest.mark.parametrize("body", [{"nickname": 7}, {"account_id": ACCOUNT_ID + 1}, {"changed_at": None}])
def test_whatever_else_is_no_account(body: dict[str, Any]) -> None:
    assert account({}, {}) is not None
    assert account({}, body) is None


def test_a_body_that_is_no_json_is_no_state() -> None:
    headers, _ = record(PRODUCT, {}, {})
    for body in (None, b"", b"[", b"[]", b"null", b"\xff\xfe"):
        assert product_state_of(headers, body, PRODUCT_ID % PARTITIONS, PARTITIONS) is None
