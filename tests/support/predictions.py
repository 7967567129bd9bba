"""Predictions as the predictor tells of them."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

from ordercast.contracts.envelope import Envelope, SequenceNumber, encode
from ordercast.contracts.events import PredictionMade
from ordercast.services.shared.kafka.records import Record

VERSION = "v20260703T000000-0a1b2c3d"


def prediction(account_id: int, product_id: int, starts_on: date, **changes: Any) -> PredictionMade:
    said: dict[str, Any] = {
        "recipe": "demand",
        "model_version": VERSION,
        "made_at": datetime.combine(starts_on, time(), UTC) - timedelta(hours=3),
        "horizon_days": 28,
        "order_probability": 0.5,
        "expected_quantity": 2.0,
        "low": 0,
        "high": 9,
        "level": 0.9,
        "naive_quantity": 1.0,
        **changes,
    }
    return PredictionMade(account_id=account_id, product_id=product_id, starts_on=starts_on, **said)


def prediction_record(said: PredictionMade, number: int, producer: str = "predictions:test") -> Record:
    sequence = SequenceNumber(producer, number, "rising")
    headers, body = encode(Envelope(uuid4(), "/test", said.made_at, said, sequence))
    return Record(str(said.account_id).encode(), body, headers, 0)
