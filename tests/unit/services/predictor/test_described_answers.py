"""Answers that are written past FastAPI are what the OpenAPI document says."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from fastapi import Response
from fastapi.routing import APIRoute

from ordercast.services.predictor.batch_routes import router as batches
from ordercast.services.predictor.predict import PairPrediction
from ordercast.services.predictor.routes import in_json
from ordercast.services.predictor.routes import router as predictions
from tests.support.described_answers import differences, schema_of
from tests.unit.services.predictor.conftest import LonelyPredictor

PREDICTION = {
    "view_count": 5,
    "quantity": 1.5,
    "spread": 0.5,
    "members": [1.0, 2.0],
    "model_version": "v",
    "quality": "no better than the mean",
    "collapsed_members": 1,
}


async def document_of(lonely: LonelyPredictor) -> dict[str, Any]:
    document: dict[str, Any] = (await lonely.client.get("/openapi.json")).json()
    return document


async def test_a_prediction_is_what_the_document_says(serving: LonelyPredictor) -> None:
    document = await document_of(serving)
    answer = (await serving.client.get("/predictions?view_count=4200")).json()
    assert differences(document, schema_of(document, "get", "/predictions"), answer) == []


async def test_a_batch_for_view_counts_is_what_the_document_says(serving: LonelyPredictor) -> None:
    document = await document_of(serving)
    answer = (await serving.client.post("/predictions", json={"view_counts": [1, 2]})).json()
    assert differences(document, schema_of(document, "post", "/predictions"), answer) == []


@pytest.mark.parametrize("as_of", [None, datetime(2026, 1, 2, tzinfo=UTC)])
async def test_a_batch_for_pairs_is_what_the_document_says(lonely: LonelyPredictor, as_of: datetime | None) -> None:
    document = await document_of(lonely)
    pair = PairPrediction(**PREDICTION, account_id=1, product_id=2, has_features=True, features_as_of=as_of)  # type: ignore[arg-type]
    answer = msgspec.json.decode(bytes(in_json({"data": [pair], "model_version": "v"}).body))
    assert differences(document, schema_of(document, "post", "/predictions"), answer) == []


async def test_a_field_too_many_too_few_or_of_another_type_is_a_difference(lonely: LonelyPredictor) -> None:
    document = await document_of(lonely)
    schema = schema_of(document, "get", "/predictions")
    assert differences(document, schema, PREDICTION) == []
    for wrong in (
        PREDICTION | {"more": 1},
        PREDICTION | {"quantity": "1.5"},
        PREDICTION | {"quality": "good"},
        {"view_count": 5},
    ):
        assert differences(document, schema, wrong)


def test_only_these_routes_write_their_answers_themselves() -> None:
    by_hand = {
        (*(route.methods or ()), route.path)
        for route in (*predictions.routes, *batches.routes)
        if isinstance(route, APIRoute) and route.endpoint.__annotations__.get("return") is Response
    }
    assert by_hand == {
        ("GET", "/predictions"),
        ("POST", "/predictions"),
        ("GET", "/predictions/{account_id}/{product_id}"),
        ("GET", "/accounts/{account_id}/predictions"),
        ("GET", "/predictions/accounts/{account_id}"),
    }
