"""A predictor with one more endpoint: it looks for the account and the product with one query, as a pair's prediction does, and
answers. What a prediction costs beyond that is its own."""

import os
from typing import Final

# As the predictor's own `__main__` does it, before numpy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from fastapi import FastAPI, Request, Response

from ordercast.services.predictor.app import predictor_app
from ordercast.services.predictor.features import Pair
from ordercast.services.predictor.known_ids import expect_existing
from ordercast.services.predictor.routes import in_json
from ordercast.services.predictor.settings import PredictorSettings
from ordercast.services.predictor.wiring import predictor
from ordercast.services.shared.http.access import ACCESS
from ordercast.services.shared.http.authentication import CurrentCaller
from ordercast.services.shared.http.requests import PathId
from ordercast.services.shared.serving.run_service import run_service

PLAIN: Final = "/plain/{account_id}/{product_id}"


async def one_query(request: Request, _: CurrentCaller, account_id: PathId, product_id: PathId) -> Response:
    await expect_existing(predictor(request).sessions, [Pair(account_id, product_id)])
    return in_json({"account_id": account_id, "product_id": product_id})


def app(settings: PredictorSettings) -> FastAPI:
    made = predictor_app(settings)
    made.add_api_route(PLAIN, one_query)
    made.state.access = ACCESS | {("GET", PLAIN): ACCESS["GET", "/predictions/{account_id}/{product_id}"]}
    return made


if __name__ == "__main__":
    run_service("predictor", PredictorSettings, app)
