"""Predictions for view counts need a model and nothing else: no token, no database, no broker."""

import json
from typing import Any

import httpx
import pytest

from ordercast.services.predictor.load_demand import load_demand
from tests.support.demand_versions import write_demand
from tests.support.model_artifacts import judgement, write_model
from tests.unit.services.predictor.conftest import LonelyPredictor

PROBLEM = "application/problem+json"


def fields(response: httpx.Response) -> dict[str, str]:
    assert response.headers["content-type"] == PROBLEM
    return {error["field"]: error["message"] for error in response.json()["errors"]}


async def test_without_a_model_every_prediction_is_a_503_that_says_so(lonely: LonelyPredictor) -> None:
    admin = lonely.token(1, "ADMIN")
    answers = [
        await lonely.client.get("/predictions?view_count=1"),
        await lonely.client.get("/predictions/1/1", headers=admin),
        await lonely.client.post("/predictions", json={"view_counts": [1]}),
        await lonely.client.post("/predictions", json={"pairs": [{"account_id": 1, "product_id": 1}]}, headers=admin),
        await lonely.client.get("/models/current"),
    ]
    for answer in answers:
        assert answer.status_code == 503
        assert answer.headers["content-type"] == PROBLEM
        assert answer.json()["type"] == "/problems/no-model"
        assert answer.headers["retry-after"] == "5"


async def test_a_view_count_is_answered_without_a_token_a_database_and_a_broker(serving: LonelyPredictor) -> None:
    answer = await serving.client.get("/predictions?view_count=4200")
    assert answer.status_code == 200
    body = answer.json()
    plain = {"view_count", "quantity", "spread", "members", "model_version"}
    assert set(body) == plain | {"quality", "collapsed_members"}
    assert (body["quality"], body["collapsed_members"]) == (None, None)  # a version from before both
    assert body["view_count"] == 4200
    assert len(body["members"]) == 10
    assert body["quantity"] == pytest.approx(sum(body["members"]) / 10)
    assert body["model_version"] == serving.slot.take().version


async def test_each_answer_says_what_its_model_is_worth(lonely: LonelyPredictor) -> None:
    lonely.serve(write_model(lonely.artifacts, judgement=judgement("worse than the mean", collapsed_members=8)))
    single = (await lonely.client.get("/predictions?view_count=350")).json()
    batch = (await lonely.client.post("/predictions", json={"view_counts": [1, 2]})).json()
    for answer in (single, *batch["data"]):
        assert (answer["quality"], answer["collapsed_members"]) == ("worse than the mean", 8)


@pytest.mark.parametrize("view_count", [0, 1, 10**12])
async def test_the_smallest_and_the_largest_view_count_are_answered(serving: LonelyPredictor, view_count: int) -> None:
    answer = await serving.client.get("/predictions", params={"view_count": view_count})
    assert answer.status_code == 200
    assert answer.json()["view_count"] == view_count


@pytest.mark.parametrize(
    "text", ["", "-1", "1000000000001", "9" * 5000, "1.5", "7.0", "1e3", "NaN", "inf", "true", "0x10", "1_0", " 7", "٧"]
)
async def test_a_view_count_that_is_no_count_is_refused_by_name(serving: LonelyPredictor, text: str) -> None:
    answer = await serving.client.get("/predictions", params={"view_count": text})
    assert answer.status_code == 422
    assert set(fields(answer)) == {"view_count"}


async def test_a_missing_view_count_is_refused_by_name(serving: LonelyPredictor) -> None:
    answer = await serving.client.get("/predictions")
    assert answer.status_code == 422
    assert set(fields(answer)) == {"view_count"}


async def test_a_batch_answers_in_order_and_from_one_version(serving: LonelyPredictor) -> None:
    counts = [9_000, 0, 350, 9_000]
    answer = await serving.client.post("/predictions", json={"view_counts": counts})
    assert answer.status_code == 200
    body = answer.json()
    assert [prediction["view_count"] for prediction in body["data"]] == counts
    assert {prediction["model_version"] for prediction in body["data"]} == {body["model_version"]}
    single = (await serving.client.get("/predictions?view_count=350")).json()
    assert body["data"][2]["quantity"] == pytest.approx(single["quantity"], rel=1e-5)


async def test_ten_thousand_predictions_are_one_request_and_one_more_is_refused(serving: LonelyPredictor) -> None:
    answer = await serving.client.post("/predictions", json={"view_counts": list(range(10_000))})
    assert answer.status_code == 200
    assert len(answer.json()["data"]) == 10_000
    answer = await serving.client.post("/predictions", json={"view_counts": list(range(10_001))})
    assert answer.status_code == 422
    assert set(fields(answer)) == {"view_counts"}


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ('{"view_counts": [1, NaN]}', "view_counts.1"),
        ('{"view_counts": [Infinity]}', "view_counts.0"),
        ('{"view_counts": [1.5]}', "view_counts.0"),
        ('{"view_counts": [7.0]}', "view_counts.0"),
        ('{"view_counts": ["7"]}', "view_counts.0"),
        ('{"view_counts": [true]}', "view_counts.0"),
        ('{"view_counts": [null]}', "view_counts.0"),
        ('{"view_counts": [-1]}', "view_counts.0"),
        ('{"view_counts": [1000000000001]}', "view_counts.0"),
        ('{"view_counts": []}', "view_counts"),
        ('{"view_counts": 7}', "view_counts"),
        ('{"view_counts": [1], "limit": 5}', "limit"),
        ('{"pairs": []}', "pairs"),
        ('{"pairs": [{"account_id": 1}]}', "pairs.0.product_id"),
        ('{"pairs": [{"account_id": 0, "product_id": 1}]}', "pairs.0.account_id"),
        ('{"pairs": [{"account_id": 1, "product_id": 9223372036854775808}]}', "pairs.0.product_id"),
        ('{"pairs": [{"account_id": 1, "product_id": 1, "view_count": 3}]}', "pairs.0.view_count"),
        ("{}", "body"),
        ('{"view_counts": [1], "pairs": [{"account_id": 1, "product_id": 1}]}', "body"),
        ("[1]", "body"),
    ],
)
async def test_a_batch_that_is_none_is_refused_by_the_field(serving: LonelyPredictor, content: str, field: str) -> None:
    answer = await serving.client.post(
        "/predictions", content=content, headers={"content-type": "application/json", **serving.token(1)}
    )
    assert answer.status_code == 422
    assert set(fields(answer)) == {field}


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b'{"view_counts": [' + b"9" * 5000 + b"]}"])
async def test_a_body_that_is_no_json_is_a_400(serving: LonelyPredictor, content: bytes) -> None:
    answer = await serving.client.post("/predictions", content=content, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == PROBLEM


async def test_a_body_over_one_mebibyte_is_a_413(serving: LonelyPredictor) -> None:
    answer = await serving.client.post("/predictions", content=b"[" * (1_048_576 + 1))
    assert answer.status_code == 413


async def test_pairs_and_features_need_a_token(serving: LonelyPredictor) -> None:
    answers = [
        await serving.client.get("/predictions/1/1"),
        await serving.client.get("/features/1/1"),
        await serving.client.post("/predictions", json={"pairs": [{"account_id": 1, "product_id": 1}]}),
        await serving.client.post("/models/v20261123T214303-1a2b3c4d/activate"),
    ]
    assert [answer.status_code for answer in answers] == [401] * 4


async def test_another_account_is_a_404_before_anything_is_looked_up(serving: LonelyPredictor) -> None:
    mine = serving.token(1)
    answers = [
        await serving.client.get("/predictions/2/1", headers=mine),
        await serving.client.get("/features/2/1", headers=mine),
        await serving.client.post(
            "/predictions",
            json={"pairs": [{"account_id": 1, "product_id": 1}, {"account_id": 2, "product_id": 1}]},
            headers=mine,
        ),
    ]
    assert [answer.status_code for answer in answers] == [404] * 3
    assert set(fields(answers[2])) == {"pairs.1.account_id"}


async def test_activating_takes_an_admin(serving: LonelyPredictor) -> None:
    version = serving.slot.take().version
    answer = await serving.client.post(f"/models/{version}/activate", headers=serving.token(1))
    assert answer.status_code == 403


async def test_without_a_database_pairs_are_a_503_and_view_counts_are_answered(serving: LonelyPredictor) -> None:
    mine, admin = serving.token(1), serving.token(1, "ADMIN")
    version = serving.slot.take().version
    answers = [
        await serving.client.get("/predictions/1/1", headers=mine),
        await serving.client.get("/features/1/1", headers=mine),
        await serving.client.post("/predictions", json={"pairs": [{"account_id": 1, "product_id": 1}]}, headers=mine),
        await serving.client.get("/models"),
        await serving.client.post(f"/models/{version}/activate", headers=admin),
    ]
    assert [answer.status_code for answer in answers] == [503] * 5
    assert {answer.json()["type"] for answer in answers} == {"/problems/unavailable"}
    assert (await serving.client.get("/predictions?view_count=1")).status_code == 200


async def test_not_ready_without_a_model_and_degraded_without_database_and_broker(lonely: LonelyPredictor) -> None:
    answer = await lonely.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["model"] != "ok"
    lonely.serve(write_model(lonely.artifacts))
    answer = await lonely.client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    missing = {name for name, state in answer.json()["checks"].items() if state != "ok"}
    assert missing == {"model of demand", "database", "kafka"}


async def test_a_version_of_demand_alone_makes_it_ready_and_that_there_is_none_of_baseline_shows(
    lonely: LonelyPredictor,
) -> None:
    model = write_demand(lonely.artifacts)
    lonely.demand.swap(load_demand(lonely.artifacts, model.version, model.manifest_sha256))
    answer = await lonely.client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["model"]) == (200, "ok")
    assert answer.json()["checks"]["model of demand"] == "ok"
    assert "baseline" in answer.json()["checks"]["model of baseline"]


async def test_the_current_model_is_shown_with_its_training(serving: LonelyPredictor) -> None:
    first = serving.slot.take()
    serving.serve(write_model(serving.artifacts, seed=2))
    second = serving.slot.take()
    body: dict[str, Any] = (await serving.client.get("/models/current")).json()
    assert (body["version"], body["previous"]) == (second.version, first.version)
    assert (body["recipe"], body["members"], body["rows"]) == ("baseline", 10, 100)
    assert body["metrics"]["ensemble"] == {"mse": 4.0, "mae": 1.6}


async def test_the_description_of_the_api_names_every_endpoint_and_field(serving: LonelyPredictor) -> None:
    description = (await serving.client.get("/openapi.json")).json()
    assert {
        "/predictions",
        "/predictions/{account_id}/{product_id}",
        "/features/{account_id}/{product_id}",
        "/models",
        "/models/current",
        "/models/{version}/activate",
    } <= set(description["paths"])
    prediction = description["components"]["schemas"]["PairPrediction"]["properties"]
    assert {"quantity", "spread", "members", "model_version", "view_count", "features_as_of"} <= set(prediction)


async def test_metrics_count_predictions_and_time_the_ensemble(serving: LonelyPredictor) -> None:
    def sample(text: str, name: str) -> float:
        return float(next(line for line in text.splitlines() if line.startswith(name)).split()[-1])

    async def scrape() -> tuple[float, float]:
        text = (await serving.client.get("/metrics")).text
        return (
            sample(text, 'ordercast_predictions_total{kind="view_count"}'),
            sample(text, "ordercast_prediction_seconds_count"),
        )

    before = await scrape()
    await serving.client.get("/predictions?view_count=1")
    await serving.client.post(
        "/predictions", content=json.dumps({"view_counts": [1, 2, 3]}), headers={"content-type": "application/json"}
    )
    after = await scrape()
    assert (after[0] - before[0], after[1] - before[1]) == (4, 2)


async def test_each_prediction_says_how_many_more_there_may_be(serving: LonelyPredictor) -> None:
    one = await serving.client.get("/predictions", params={"view_count": 1})
    many = await serving.client.post("/predictions", json={"view_counts": [1]})
    assert one.headers["RateLimit-Policy"] == '"predictions";q=30000;w=60'
    assert many.headers["RateLimit-Policy"] == '"prediction-batches";q=300;w=60'
