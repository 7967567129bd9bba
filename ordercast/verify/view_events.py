"""A view out of a record of the topic `views`, by the published contract alone: CloudEvents headers and a JSON body. Pure."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, TypeAlias
from uuid import UUID

Headers: TypeAlias = Sequence[tuple[str, bytes]]

TOPIC: Final = "views"
VIEWED: Final = "ordercast.product.viewed.v1"
CARTED: Final = "ordercast.product.carted.v1"
# The contract's bounds: what lies outside is a dead letter, not a view.
COUNT_MAX: Final = 1_000_000_000
BIGINT_MAX: Final = 2**63 - 1
BODY_MAX_BYTES: Final = 512 * 1024
# Characters: "key:<account id>:<Idempotency-Key of up to 255>".
PRODUCER_MAX: Final = 300
# RFC 3339; datetime.fromisoformat alone takes weeks and mere dates too.
TIMESTAMP: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?", re.ASCII)
# Streams whose numbers may leave holes.
RISING: Final = re.compile("(batch|key|replay|predictions|states):")
NUMBER: Final = re.compile(r"\d{1,19}", re.ASCII)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)


class ViewRow(NamedTuple):
    """A view, or a cart; `viewed_at` in microseconds since 1970."""

    account_id: int
    product_id: int
    event_id: str
    views: int
    viewed_at: int
    is_cart: bool = False


def view_of(headers: Headers, body: bytes | None, partition: int, partitions: int) -> ViewRow | None:
    """The view or cart, or None if the record is none that the contract allows in this partition."""
    try:
        return _view(attributes_of(headers, body, TOPIC, partition), body or b"", partition, partitions)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def attributes_of(headers: Headers, body: bytes | None, topic: str, partition: int) -> dict[str, str]:
    """The CloudEvents attributes of a record that may be an event of the topic; ValueError or KeyError for any other."""
    named = [(name, value.decode()) for name, value in headers if name.startswith("ce_") and value is not None]
    attributes = dict(named)
    if (
        len(named) != len(attributes)
        or not _is_numbered(attributes, topic, partition)
        or len(body or b"") > BODY_MAX_BYTES
        or attributes["ce_specversion"] != "1.0"
        or "ce_source" not in attributes
    ):
        raise ValueError("no event")
    UUID(attributes["ce_id"])
    return attributes


def moment_of(attributes: dict[str, str]) -> datetime:
    """When the event happened; ValueError for no moment of a shop's."""
    moment = datetime.fromisoformat(attributes["ce_time"])
    if moment.tzinfo is None or not EPOCH <= moment < LATEST:
        raise ValueError("no moment")
    return moment


def timestamp_of(text: str) -> None:
    """Raises ValueError unless the text is a moment in RFC 3339."""
    if not TIMESTAMP.fullmatch(text.upper()):
        raise ValueError("no moment")
    datetime.fromisoformat(text.upper())


def _is_numbered(attributes: dict[str, str], topic: str, partition: int) -> bool:
    """Whether the number that makes an event count once is there and can be kept."""
    producer, number = attributes["ce_producer"], attributes["ce_sequence"]
    if producer.startswith("replay:") and (number != "1" or not producer.startswith(f"replay:{topic}:{partition}:")):
        return False
    return (
        attributes["ce_numbering"] == ("rising" if RISING.match(producer) else "dense")
        and NUMBER.fullmatch(number) is not None
        and 1 <= int(number) <= BIGINT_MAX
        and 1 <= len(producer) <= PRODUCER_MAX
        and "\0" not in producer
    )


def _view(attributes: dict[str, str], body: bytes, partition: int, partitions: int) -> ViewRow:
    if attributes["ce_type"] not in (VIEWED, CARTED):
        raise ValueError("no view")
    event_id, moment = str(UUID(attributes["ce_id"])), moment_of(attributes)
    # As text: from bytes, json takes UTF-16 as well.
    document = json.loads(body.decode(), parse_constant=no_number)
    timestamp_of(document["occurred_at"])
    if type(document.get("simulated", False)) is not bool:
        raise ValueError("no body of a view")
    account_id = _integer(document, "account_id", BIGINT_MAX)
    product_id = _integer(document, "product_id", BIGINT_MAX)
    count = _integer(document, "count", COUNT_MAX)
    if account_id % partitions != partition:
        raise ValueError("another account's partition")
    return ViewRow(
        account_id, product_id, event_id, count, (moment - EPOCH) // MICROSECOND, attributes["ce_type"] == CARTED
    )


def no_number(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _integer(document: dict[str, Any], name: str, highest: int) -> int:
    value = document[name]
    if type(value) is not int or not 1 <= value <= highest:
        raise ValueError(name)
    return value
