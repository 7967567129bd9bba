"""The predictor's HTTP side: its routes in the common frame."""

from functools import partial

from fastapi import FastAPI

from ordercast.services.predictor.forecast_routes import router as forecasts
from ordercast.services.predictor.model_routes import router as models
from ordercast.services.predictor.problems import PROBLEMS
from ordercast.services.predictor.routes import router as predictions
from ordercast.services.predictor.settings import PredictorSettings
from ordercast.services.predictor.wiring import open_predictor
from ordercast.services.shared.http.app import create_app


def predictor_app(settings: PredictorSettings) -> FastAPI:
    """The app; its lifespan opens and closes the wiring."""
    return create_app(
        title="Ordercast predictor",
        wiring=partial(open_predictor, settings),
        routers=[predictions, forecasts, models],
        problems=PROBLEMS,
        cors_origins=settings.allowed_origins,
    )
