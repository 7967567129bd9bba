"""The predictor's HTTP side: its routes in the common frame."""

from functools import partial
from typing import Final

from fastapi import FastAPI

from ordercast.services.predictor.batch_routes import router as batches
from ordercast.services.predictor.forecast_routes import router as forecasts
from ordercast.services.predictor.live_routes import router as live
from ordercast.services.predictor.model_routes import router as models
from ordercast.services.predictor.problems import PROBLEMS
from ordercast.services.predictor.routes import router as predictions
from ordercast.services.predictor.settings import PredictorSettings
from ordercast.services.predictor.wiring import open_predictor
from ordercast.services.shared.http.app import create_app
from ordercast.services.shared.http.rate_limits import RateLimit

# Of one caller: threads are few, and others' batches wait for them.
BATCHES_AT_ONCE: Final = 4


def predictor_app(settings: PredictorSettings) -> FastAPI:
    """The app; its lifespan opens and closes the wiring."""
    often = settings.part_of_limit(settings.predictions_per_minute)
    batches_of_a_caller = settings.part_of_limit(settings.prediction_batches_per_minute)
    return create_app(
        title="Ordercast predictor",
        wiring=partial(open_predictor, settings),
        routers=[predictions, batches, forecasts, models, live],
        problems=PROBLEMS,
        rate_limits=[
            RateLimit("predictions", "GET", "/predictions", often),
            *(
                RateLimit("account-predictions", "GET", path, batches_of_a_caller)
                for path in ("/predictions/accounts/{account_id}", "/accounts/{account_id}/predictions")
            ),
            RateLimit("pair-predictions", "GET", "/predictions/{account_id}/{product_id}", often),
            RateLimit("prediction-batches", "POST", "/predictions", batches_of_a_caller, at_once=BATCHES_AT_ONCE),
            RateLimit("forecasts", "GET", "/forecasts/products", batches_of_a_caller),
            RateLimit("forecasts-of-one", "GET", "/forecasts/products/{product_id}", batches_of_a_caller),
        ],
        cors_origins=settings.allowed_origins,
    )
