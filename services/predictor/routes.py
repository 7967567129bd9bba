"""Predictions and feature rows.

Who may ask: a feature row, and a prediction made from one, tells what an account has done, so it takes the account's own
token or an admin's. A prediction for a bare view count tells nothing of any account and needs no token.
"""

import asyncio
from typing import Annotated, Final

import orjson
from fastapi import APIRouter, Depends, Request, Response

from ordercast.services.predictor import errors
from ordercast.services.predictor.demand_answers import PairDemand, answer_pair
from ordercast.services.predictor.features import Pair, read_feature_row
from ordercast.services.predictor.known_ids import expect_existing
from ordercast.services.predictor.predict import PairPrediction, Prediction, predict_many
from ordercast.services.predictor.predict_pairs import predict_pairs, refuse_others
from ordercast.services.predictor.schemas import (
    DEFAULT_LEVEL,
    FeaturesAnswer,
    Item,
    PairQuestion,
    PredictionsAnswer,
    PredictionsBody,
    ViewCountQuery,
)
from ordercast.services.predictor.wiring import Predictor, predictor
from ordercast.services.shared.http.authentication import CurrentCaller, caller_of
from ordercast.services.shared.http.problem import NOT_AUTHENTICATED
from ordercast.services.shared.http.raises import raises
from ordercast.services.shared.http.requests import PathId
from ordercast.services.shared.telemetry.metrics import PREDICTIONS

router = APIRouter(tags=["predictions"])

# Looked up once: a label look-up for each request would take as long as a layer of the ensemble.
_VIEW_COUNTS: Final = PREDICTIONS.labels("view_count")
_PAIRS: Final = PREDICTIONS.labels("pair")


@router.get("/predictions", response_model=Prediction)
@raises(errors.NoModel)
async def predict_for_view_count(request: Request, view_count: ViewCountQuery) -> Response:
    """The quantity to expect from an account with so many views of a product. No token is needed."""
    service = predictor(request)
    prediction = await service.predict(service.slot.take(), view_count)
    _VIEW_COUNTS.inc()
    # Written directly: checking our own answer against its description would take a tenth of the request.
    return Response(orjson.dumps(prediction), media_type="application/json")


@router.get("/predictions/{account_id}/{product_id}")
@raises(errors.NoModel, errors.NotYours, errors.ProductNotFound, errors.InvalidQuestion, errors.ActivityNotRead)
async def predict_for_pair(
    request: Request,
    caller: CurrentCaller,
    account_id: PathId,
    product_id: PathId,
    asked: Annotated[PairQuestion, Depends()],
) -> PairPrediction | PairDemand:
    """What an account will order of a product: one's own account, an admin any.

    The recipe `demand` answers if a version of it is served, or if anything is asked for that it alone has: a horizon, a level, a
    past moment. Otherwise `baseline` answers from the account's views of the product.
    """
    service, pair = predictor(request), Pair(account_id, product_id)
    refuse_others(caller, [pair])
    if asked.recipe_of(service.demand.current is not None) == "demand":
        return await demand_for_pair(service, pair, asked)
    [prediction] = await predict_pairs(service.slot.take(), service.sessions, [pair])
    _PAIRS.inc()
    return prediction


async def demand_for_pair(service: Predictor, pair: Pair, asked: PairQuestion) -> PairDemand:
    served = service.demand.take()
    asked.expect_horizon(served.manifest.horizon_days)
    await expect_existing(service.sessions, pair)
    at = await service.demand_at(served, asked.as_of)
    level = DEFAULT_LEVEL if asked.level is None else asked.level
    answer = await asyncio.to_thread(answer_pair, at.served, at.features, pair, level, asked.as_of, at.seen_at)
    _PAIRS.inc()
    return answer


@router.post("/predictions", response_model=PredictionsAnswer[Prediction] | PredictionsAnswer[PairPrediction])
@raises(NOT_AUTHENTICATED, errors.NoModel, errors.NotYours)
async def predict_batch(request: Request, body: PredictionsBody) -> Response:
    """Many predictions from one model version: for view counts (no token needed) or for pairs (one's own, an admin any)."""
    service = predictor(request)
    if body.pairs is not None:
        pairs = [Pair(pair.account_id, pair.product_id) for pair in body.pairs]
        refuse_others(await caller_of(request), pairs)
        model = service.slot.take()
        of_pairs = await predict_pairs(model, service.sessions, pairs)
        _PAIRS.inc(len(of_pairs))
        return await asyncio.to_thread(_encoded, PredictionsAnswer[PairPrediction], of_pairs, model.version)
    model = service.slot.take()
    of_counts = await asyncio.to_thread(predict_many, model, body.view_counts or [])
    _VIEW_COUNTS.inc(len(of_counts))
    return await asyncio.to_thread(_encoded, PredictionsAnswer[Prediction], of_counts, model.version)


def _encoded(answer: type[PredictionsAnswer[Item]], predictions: list[Item], version: str) -> Response:
    """Ten thousand predictions are 3 MB of JSON: made in a thread, so that other requests are answered meanwhile."""
    content = answer(data=predictions, model_version=version).model_dump_json()
    return Response(content, media_type="application/json")


@router.get("/features/{account_id}/{product_id}")
@raises(errors.NotYours, errors.NoFeatures)
async def show_features(
    request: Request, caller: CurrentCaller, account_id: PathId, product_id: PathId
) -> FeaturesAnswer:
    """What is known of an account and a product, and up to which event: one's own account, an admin any."""
    pair = Pair(account_id, product_id)
    refuse_others(caller, [pair])
    return FeaturesAnswer.of(await read_feature_row(predictor(request).sessions, pair))
