"""A record is a prediction for verify exactly if it is one for the worker."""

import json
from typing import Any, Final

import pytest

from ordercast.services.shared.kafka.admit import Admitted, Refused, admit
from ordercast.services.shared.kafka.records import Partition, StoredRecord
from ordercast.verify.prediction_events import PredictionRow, prediction_of
from tests.unit.contracts.test_events import golden

EXAMPLE: Final = golden("ordercast.prediction.made.v1")
PARTITIONS: Final = 8
PLACE: Final = 1001 % PARTITIONS


def changed(headers: dict[str, str], body: dict[str, Any]) -> tuple[list[tuple[str, bytes]], bytes]:
    all_headers = {**EXAMPLE.headers, **headers}
    return [(name, value.encode()) for name, value in all_headers.items()], json.dumps(
        {**EXAMPLE.body, **body}
    ).encode()


def of_worker(headers: list[tuple[str, bytes]], body: bytes) -> Admitted | Refused:
    return admit(StoredRecord(b"1001", body, headers, 0, Partition("predictions", PLACE), 7), PARTITIONS)


def test_a_prediction_is_read_out_of_headers_and_body() -> None:
    assert prediction_of(*changed({}, {}), PLACE, PARTITIONS) == PredictionRow(
        1001, 7, 20_638, "v20260703T000000-0a1b2c3d", 20_665, 1_783_080_000_250_000, 0.125, 1.75, 0, 12, 0.9, 2.5
    )


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, {"order_probability": 1, "expected_quantity": 0, "naive_quantity": 0, "low": 12}),
        ({}, {"horizon_days": 366, "high": 2**63 - 1, "later": None}),
        ({"ce_producer": f"replay:predictions:{PLACE}:3", "ce_sequence": "1"}, {}),
        ({"ce_producer": "p", "ce_numbering": "dense"}, {}),
    ],
)
def test_a_prediction_for_verify_is_one_for_the_worker(headers: dict[str, str], body: dict[str, Any]) -> None:
    record = changed(headers, body)
    assert prediction_of(*record, PLACE, PARTITIONS) is not None
    assert isinstance(of_worker(*record), Admitted)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"ce_type": "ordercast.product.viewed.v1"}, {}),
        ({"ce_type": "ordercast.prediction.made.v2"}, {}),
        ({"ce_producer": "replay:views:1:3", "ce_sequence": "1"}, {}),
        ({"ce_numbering": "dense"}, {}),
        ({"ce_time": "1969-07-03T12:00:00+00:00"}, {}),
        ({}, {"account_id": 1002}),
        ({}, {"account_id": 0}),
        ({}, {"product_id": 0}),
        ({}, {"product_id": 2**63}),
        ({}, {"model_version": "latest"}),
        ({}, {"recipe": None}),
        ({}, {"made_at": "yesterday"}),
        ({}, {"starts_on": "9000-01-01"}),
        ({}, {"starts_on": "1969-12-31"}),
        ({}, {"starts_on": "2026-07-04T00:00:00Z"}),
        ({}, {"horizon_days": 0}),
        ({}, {"horizon_days": 367}),
        ({}, {"order_probability": 1.01}),
        ({}, {"order_probability": None}),
        ({}, {"expected_quantity": -0.1}),
        ({}, {"expected_quantity": 1e30}),
        ({}, {"naive_quantity": "2"}),
        ({}, {"low": -1}),
        ({}, {"low": 13}),
        ({}, {"high": 2**63}),
        ({}, {"level": 0}),
        ({}, {"level": 1}),
        ({}, {"level": True}),
    ],
)
def test_what_is_no_prediction_for_verify_is_none_for_the_worker(headers: dict[str, str], body: dict[str, Any]) -> None:
    record = changed(headers, body)
    assert prediction_of(*record, PLACE, PARTITIONS) is None
    assert isinstance(of_worker(*record), Refused)
