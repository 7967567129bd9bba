"""The trainer's HTTP side: its routes in the common frame."""

from functools import partial

from fastapi import FastAPI

from ordercast.services.shared.http.app import create_app
from ordercast.services.trainer.problems import PROBLEMS
from ordercast.services.trainer.routes import router
from ordercast.services.trainer.settings import TrainerSettings
from ordercast.services.trainer.wiring import open_trainer


def trainer_app(settings: TrainerSettings) -> FastAPI:
    """The app; its lifespan opens and closes the wiring."""
    return create_app(
        title="Ordercast trainer",
        wiring=partial(open_trainer, settings),
        routers=[router],
        problems=PROBLEMS,
        cors_origins=settings.allowed_origins,
    )
