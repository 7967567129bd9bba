"""The predictor's HTTP side: its routes in the common frame."""

from functools import partial

from fastapi import FastAPI

from services.predictor.model_routes import router as models
from services.predictor.problems import PROBLEMS
from services.predictor.routes import router as predictions
from services.predictor.settings import PredictorSettings
from services.predictor.wiring import open_predictor
from services.shared.http.app import create_app


def predictor_app(settings: PredictorSettings) -> FastAPI:
    """The app; its lifespan opens and closes the wiring."""
    return create_app(
        title="Ordercast predictor",
        wiring=partial(open_predictor, settings),
        routers=[predictions, models],
        problems=PROBLEMS,
    )
