"""Predictions and feature rows.

Who may ask: a feature row, and a prediction made from one, tells what an account has done, so it takes the account's own
token, or one of a role that sees all (`shared/http/access.py`). A prediction for a bare view count tells nothing of any account and
needs no token.
"""

import asyncio
from typing import Annotated, Final

import orjson
from fastapi import APIRouter, Request, Response

from ordercast.services.predictor import errors
from ordercast.services.predictor.demand_answers import (
    AccountDemand,
    Basis,
    PairDemand,
    account_answer,
    probable_products,
)
from ordercast.services.predictor.features import Pair, read_feature_row
from ordercast.services.predictor.known_ids import expect_account, expect_existing
from ordercast.services.predictor.named_products import products_of
from ordercast.services.predictor.predict import PairPrediction, Prediction
from ordercast.services.predictor.predict_pairs import predict_pairs, refuse_others
from ordercast.services.predictor.schemas import (
    DemandQuestion,
    FeaturesAnswer,
    PairQuestion,
    ProductLimit,
    ViewCountQuery,
)
from ordercast.services.predictor.wiring import Predictor, predictor
from ordercast.services.shared.demand.conformal import DEFAULT_LEVEL
from ordercast.services.shared.http.authentication import CurrentCaller
from ordercast.services.shared.http.caller import Caller
from ordercast.services.shared.http.paging import DEFAULT_LIMIT
from ordercast.services.shared.http.raises import raises
from ordercast.services.shared.http.requests import PathId, in_query
from ordercast.services.shared.telemetry.metrics import PREDICTIONS

router = APIRouter(tags=["predictions"])

# Looked up once: a label look-up for each request would take as long as a layer of the ensemble.
VIEW_COUNTS: Final = PREDICTIONS.labels("view_count")
PAIRS: Final = PREDICTIONS.labels("pair")


@router.get("/predictions", response_model=Prediction)
@raises(errors.NoModel)
async def predict_for_view_count(request: Request, view_count: ViewCountQuery) -> Response:
    """The quantity to expect from an account with so many views of a product. No token is needed."""
    service = predictor(request)
    prediction = await service.predict(service.slot.take(), view_count)
    VIEW_COUNTS.inc()
    return in_json(prediction)


# Under /predictions, too: an ingress tells services apart by the beginning of a path, and /accounts is order_api's.
@router.get("/accounts/{account_id}/predictions", response_model=AccountDemand)
@router.get("/predictions/accounts/{account_id}", response_model=AccountDemand)
@raises(errors.NoModel, errors.NotYours, errors.InvalidQuestion, errors.ActivityNotRead, errors.TooManyPastDates)
async def predict_for_account(
    request: Request,
    caller: CurrentCaller,
    account_id: PathId,
    asked: Annotated[DemandQuestion, in_query(DemandQuestion)],
    limit: ProductLimit = DEFAULT_LIMIT,
) -> Response:
    """The products that an account will most probably order, by the recipe `demand`: a customer's own account.

    Among those that the account has ordered, viewed or put into the cart. Both paths answer the same; the one under
    `/predictions` passes an ingress, which leads `/accounts` to order_api.
    """
    service = predictor(request)
    refuse_others(caller, [account_id])
    basis = await basis_of(service, caller, asked)
    await expect_account(service.sessions, account_id)
    numbers, known = await asyncio.to_thread(probable_products, basis, account_id, limit)
    skus = dict(await products_of(service.sessions, [one.product_id for one in numbers]))
    answered = [one for one in numbers if one.product_id in skus]  # a product may be gone since
    service.sample.note(await asyncio.to_thread(service.sample.chosen, basis, answered))
    PAIRS.inc(len(answered))
    return in_json(account_answer(basis, account_id, answered, known, skus))


@router.get("/predictions/{account_id}/{product_id}", response_model=PairPrediction | PairDemand)
@raises(
    errors.NoModel,
    errors.NotYours,
    errors.ProductNotFound,
    errors.InvalidQuestion,
    errors.ActivityNotRead,
    errors.TooManyPastDates,
)
async def predict_for_pair(
    request: Request,
    caller: CurrentCaller,
    account_id: PathId,
    product_id: PathId,
    asked: Annotated[PairQuestion, in_query(PairQuestion)],
) -> Response:
    """What an account will order of a product: a customer's own account.

    The recipe `demand` answers if a version of it is served, or if anything is asked for that it alone has: a horizon, a level, a
    past moment. Otherwise `baseline` answers from the account's views of the product.
    """
    service, pair = predictor(request), Pair(account_id, product_id)
    refuse_others(caller, [account_id])
    if asked.recipe_of(service.demand.current is not None) == "demand":
        basis = await basis_of(service, caller, asked)
        await expect_existing(service.sessions, [pair])
        said = await service.explain(basis, pair)
        service.sample.offer(said, basis.features.moment)
        answer: PairPrediction | PairDemand = said
    else:
        [answer] = await predict_pairs(service.slot.take(), service.sessions, [pair])
    PAIRS.inc()
    return in_json(answer)


async def basis_of(service: Predictor, caller: Caller, asked: DemandQuestion) -> Basis:
    """What answers, for the moment that is asked for."""
    if asked.as_of is not None and not caller.for_all:
        service.count_past_date(caller.account_id)
    served = service.demand.take()
    asked.expect_horizon(served.manifest.horizon_days)
    at = await service.demand_at(served, asked.as_of)
    return Basis(at.served, at.features, at.seen_at, asked.as_of, DEFAULT_LEVEL if asked.level is None else asked.level)


def in_json(answer: object) -> Response:
    """Written directly: checking our own answer against its description would take a tenth of the request."""
    return Response(orjson.dumps(answer, option=orjson.OPT_UTC_Z), media_type="application/json")


@router.get("/features/{account_id}/{product_id}")
@raises(errors.NotYours, errors.NoFeatures)
async def show_features(
    request: Request, caller: CurrentCaller, account_id: PathId, product_id: PathId
) -> FeaturesAnswer:
    """What is known of an account and a product, and up to which event: a customer's own account."""
    refuse_others(caller, [account_id])
    return FeaturesAnswer.of(await read_feature_row(predictor(request).sessions, Pair(account_id, product_id)))
