"""Many predictions in one request."""

import asyncio
from collections.abc import Mapping

from fastapi import APIRouter, Request, Response

from ordercast.contracts.because import sentence
from ordercast.contracts.events import PredictionMade
from ordercast.services.predictor import errors
from ordercast.services.predictor.batch_schemas import PredictionsAnswer, PredictionsBody
from ordercast.services.predictor.demand_answers import Basis, PairsDemand, answer_pairs
from ordercast.services.predictor.features import Pair, Views, read_views
from ordercast.services.predictor.forecast_routes import answer_products, recent_at, with_recent
from ordercast.services.predictor.forecast_schemas import ForecastQuestion, ProductsAnswer
from ordercast.services.predictor.known_ids import expect_existing
from ordercast.services.predictor.model_slot import ServedModel
from ordercast.services.predictor.named_products import products_of
from ordercast.services.predictor.predict import PairPrediction, Prediction, predict_many
from ordercast.services.predictor.predict_pairs import predict_viewed, refuse_others
from ordercast.services.predictor.routes import PAIRS, VIEW_COUNTS, basis_of, in_json
from ordercast.services.predictor.schemas import PairQuestion
from ordercast.services.predictor.wiring import Predictor, predictor
from ordercast.services.shared.http.authentication import caller_of, expect_for_all
from ordercast.services.shared.http.caller import Caller
from ordercast.services.shared.http.raises import raises
from ordercast.services.shared.problem_types.every_service import FORBIDDEN, NOT_AUTHENTICATED

router = APIRouter(tags=["predictions"])


@router.post(
    "/predictions",
    response_model=PredictionsAnswer[Prediction] | PredictionsAnswer[PairPrediction] | PairsDemand | ProductsAnswer,
)
@raises(
    NOT_AUTHENTICATED,
    FORBIDDEN,
    errors.NoModel,
    errors.NotYours,
    errors.ProductNotFound,
    errors.InvalidQuestion,
    errors.ActivityNotRead,
    errors.TooManyPastDates,
    errors.TooManyBatches,
)
async def predict_batch(request: Request, body: PredictionsBody) -> Response:
    """Many predictions from one model version, in the order of the request, each with the numbers of a request for it alone.

    For view counts (no token needed), for pairs (a customer's own; by `demand` if a version of it is served, without `why`
    and `features`, or by the `recipe` that is named), or for products by week (not for customers).
    """
    service = predictor(request)
    if body.pairs is not None:
        pairs = [Pair(pair.account_id, pair.product_id) for pair in body.pairs]
        caller = await caller_of(request)
        refuse_others(caller, [pair.account_id for pair in pairs])
        return await _of_pairs(service, caller, pairs, body.pair_question)
    if body.products is not None:
        expect_for_all(await caller_of(request))
        return await _of_products(service, body.products, body.forecast_question, recent=bool(body.recent))
    model = service.slot.take()
    async with service.one_batch:
        answer = await asyncio.to_thread(predict_many, model, body.view_counts or [])
        VIEW_COUNTS.inc(len(answer))
        return await asyncio.to_thread(in_json, {"data": answer, "model_version": model.version})


async def _of_pairs(service: Predictor, caller: Caller, pairs: list[Pair], asked: PairQuestion) -> Response:
    if asked.recipe_of(service.demand.current is not None) == "demand":
        basis = await basis_of(service, caller, asked)
        await expect_existing(service.sessions, pairs)
        async with service.one_batch:
            answered, sampled = await asyncio.to_thread(_answer_and_sample, service, basis, pairs)
        service.sample.note(sampled)
    else:
        model = service.slot.take()
        known = await read_views(service.sessions, pairs)
        async with service.one_batch:
            answered = await asyncio.to_thread(_answer_viewed, model, pairs, known)
    PAIRS.inc(len(pairs))
    return answered


def _answer_viewed(model: ServedModel, pairs: list[Pair], known: Mapping[Pair, Views]) -> Response:
    return in_json({"data": predict_viewed(model, pairs, known), "model_version": model.version})


def _answer_and_sample(service: Predictor, basis: Basis, pairs: list[Pair]) -> tuple[Response, list[PredictionMade]]:
    said = answer_pairs(basis, pairs)
    return in_json(said), service.sample.chosen(basis, said.data)


async def _of_products(
    service: Predictor, product_ids: list[int], asked: ForecastQuestion, *, recent: bool
) -> Response:
    at = await service.demand_at(service.demand.take(), asked.as_of)
    named = await products_of(service.sessions, product_ids)
    if len(named) < len(product_ids):
        [missing, *_] = set(product_ids) - {product_id for product_id, _ in named}
        raise errors.ProductNotFound(sentence("no-product", product=str(missing)))
    rows = await recent_at(service.sessions, at, named) if recent else None
    async with service.one_batch:
        answer = await answer_products(at, named, asked)
        if rows is not None:
            answer.data = await asyncio.to_thread(with_recent, at, answer.data, rows)
        return Response(await asyncio.to_thread(answer.model_dump_json), media_type="application/json")
