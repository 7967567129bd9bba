"""A view out of a record of the topic `views`, by the published contract alone: CloudEvents headers and a JSON body. Pure."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

VIEWED: Final = b"ordercast.product.viewed.v1"
# The contract's bounds: what lies outside is a dead letter, not a view.
COUNT_MAX: Final = 1_000_000_000
BIGINT_MAX: Final = 2**63 - 1
BODY_MAX_BYTES: Final = 512 * 1024
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)


class ViewRow(NamedTuple):
    """A view; `viewed_at` in microseconds since 1970."""

    account_id: int
    product_id: int
    event_id: str
    views: int
    viewed_at: int


def view_of(
    headers: Sequence[tuple[str, bytes]], body: bytes | None, partition: int, partitions: int
) -> ViewRow | None:
    """The view, or None if the record is no view that the contract allows in this partition."""
    try:
        return _view(dict(headers), body or b"", partition, partitions)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _view(attributes: dict[str, bytes], body: bytes, partition: int, partitions: int) -> ViewRow:
    numbered = int(attributes["ce_sequence"]) >= 1 and attributes["ce_numbering"] in (b"dense", b"rising")
    of_ours = attributes["ce_specversion"] == b"1.0" and attributes["ce_type"] == VIEWED
    if not (numbered and attributes["ce_producer"] and of_ours and len(body) <= BODY_MAX_BYTES):
        raise ValueError("no view")
    event_id = str(UUID(attributes["ce_id"].decode()))
    moment = datetime.fromisoformat(attributes["ce_time"].decode())
    if moment.tzinfo is None or not EPOCH <= moment < LATEST:
        raise ValueError("no moment")
    document = json.loads(body)
    datetime.fromisoformat(document["occurred_at"])
    account_id = _integer(document, "account_id", BIGINT_MAX)
    product_id = _integer(document, "product_id", BIGINT_MAX)
    count = _integer(document, "count", COUNT_MAX)
    if account_id % partitions != partition:
        raise ValueError("another account's partition")
    return ViewRow(account_id, product_id, event_id, count, (moment - EPOCH) // MICROSECOND)


def _integer(document: dict[str, Any], name: str, highest: int) -> int:
    value = document[name]
    if type(value) is not int or not 1 <= value <= highest:
        raise ValueError(name)
    return value
