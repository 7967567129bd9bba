"""A product's or an account's state out of a record of its topic, by the published contract alone. Pure."""

import json
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NamedTuple, TypeVar

from ordercast.verify.view_events import BIGINT_MAX, Headers, attributes_of, moment_of, no_number, timestamp_of

PRODUCTS: Final = "products"
ACCOUNTS: Final = "accounts"
# Of money, as whole numbers.
TEN_THOUSANDTHS: Final = 10_000

State = TypeVar("State")


class ProductState(NamedTuple):
    """What an event says a product is. `price` in ten-thousandths; `number`: of the event in its partition's stream."""

    product_id: int
    sku: str
    name: str
    price: int
    currency: str
    active: bool
    number: int


class AccountState(NamedTuple):
    """An event of an account. Its nickname is not compared: whoever verifies cannot read it in the database."""

    account_id: int
    number: int


def product_state_of(headers: Headers, body: bytes | None, partition: int, partitions: int) -> ProductState | None:
    """The product, or None if the record is none that the contract allows in this partition."""

    def read(document: dict[str, Any], number: int) -> ProductState:
        if type(document["active"]) is not bool:
            raise ValueError("active")
        price = Decimal(_text(document, "price")) * TEN_THOUSANDTHS
        if price != int(price):
            raise ValueError("price")
        sku, name, currency = (_text(document, field) for field in ("sku", "name", "currency"))
        return ProductState(document["product_id"], sku, name, int(price), currency, document["active"], number)

    return _state(PRODUCTS, headers, body, partition, partitions, read)


def account_state_of(headers: Headers, body: bytes | None, partition: int, partitions: int) -> AccountState | None:
    """The account, or None if the record is none that the contract allows in this partition."""

    def read(document: dict[str, Any], number: int) -> AccountState:
        if document["nickname"] is not None:
            _text(document, "nickname")
        return AccountState(document["account_id"], number)

    return _state(ACCOUNTS, headers, body, partition, partitions, read)


def _state(
    topic: str,
    headers: Headers,
    body: bytes | None,
    partition: int,
    partitions: int,
    read: Callable[[dict[str, Any], int], State],
) -> State | None:
    try:
        attributes = attributes_of(headers, body, topic, partition)
        moment_of(attributes)
        kind = topic.removesuffix("s")
        _, _, happened = attributes["ce_type"].partition(f"ordercast.{kind}.")
        if attributes["ce_producer"] != f"states:{topic}" or happened not in ("created.v1", "changed.v1"):
            return None
        document = json.loads((body or b"").decode(), parse_constant=no_number)
        timestamp_of(document[f"{happened.removesuffix('.v1')}_at"])
        key = document[f"{kind}_id"]
        if type(key) is not int or not 1 <= key <= BIGINT_MAX or key % partitions != partition:
            return None
        return read(document, int(attributes["ce_sequence"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, InvalidOperation, OverflowError):
        return None


def _text(document: dict[str, Any], name: str) -> str:
    value = document[name]
    if type(value) is not str:
        raise ValueError(name)
    return value
