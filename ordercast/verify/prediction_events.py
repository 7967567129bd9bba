"""A prediction out of a record of the topic `predictions`, by the published contract alone. Pure."""

import json
import re
from datetime import date
from typing import Any, Final, NamedTuple

from ordercast.verify.view_events import (
    BIGINT_MAX,
    EPOCH,
    MICROSECOND,
    Headers,
    attributes_of,
    moment_of,
    no_number,
    timestamp_of,
)

MADE: Final = "ordercast.prediction.made.v1"
TOPIC: Final = "predictions"
HORIZON_MAX: Final = 366
DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
VERSION: Final = re.compile(r"v\d{8}T\d{6}-[0-9a-f]{8}", re.ASCII)
FIRST_DAY: Final = EPOCH.date()
LAST_DAY: Final = date(9000, 1, 1)


class PredictionRow(NamedTuple):
    """Days are counted from 1970 on, `made_at` is in microseconds since then."""

    account_id: int
    product_id: int
    starts_on: int
    model_version: str
    ends_on: int
    made_at: int
    order_probability: float
    expected_quantity: float
    low: int
    high: int
    level: float
    naive_quantity: float


def prediction_of(headers: Headers, body: bytes | None, partition: int, partitions: int) -> PredictionRow | None:
    """The prediction, or None if the record is none that the contract allows in this partition."""
    try:
        attributes = attributes_of(headers, body, TOPIC, partition)
        if attributes["ce_type"] != MADE:
            return None
        document = json.loads((body or b"").decode(), parse_constant=no_number)
        return _row(document, (moment_of(attributes) - EPOCH) // MICROSECOND, partition, partitions)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _row(document: dict[str, Any], made_at: int, partition: int, partitions: int) -> PredictionRow:
    timestamp_of(document["made_at"])
    if not isinstance(document["recipe"], str) or not DAY.fullmatch(document["starts_on"]):
        raise ValueError("no prediction")
    first = date.fromisoformat(document["starts_on"])
    if not FIRST_DAY <= first < LAST_DAY or not VERSION.fullmatch(document["model_version"]):
        raise ValueError("no prediction")
    starts_on = (first - FIRST_DAY).days
    account_id = _whole(document, "account_id", 1)
    if account_id % partitions != partition:
        raise ValueError("another account's partition")
    level = _number(document, "level", 1)
    low = _whole(document, "low", 0)
    if not 0 < level < 1:
        raise ValueError("level")
    return PredictionRow(
        account_id,
        _whole(document, "product_id", 1),
        starts_on,
        document["model_version"],
        starts_on + _whole(document, "horizon_days", 1, HORIZON_MAX) - 1,
        made_at,
        _number(document, "order_probability", 1),
        _number(document, "expected_quantity", BIGINT_MAX),
        low,
        _whole(document, "high", low),
        level,
        _number(document, "naive_quantity", BIGINT_MAX),
    )


def _whole(document: dict[str, Any], name: str, lowest: int, highest: int = BIGINT_MAX) -> int:
    value = document[name]
    if type(value) is not int or not lowest <= value <= highest:
        raise ValueError(name)
    return value


def _number(document: dict[str, Any], name: str, highest: float) -> float:
    value = document[name]
    if type(value) not in (int, float) or not 0 <= value <= highest:
        raise ValueError(name)
    return float(value)
