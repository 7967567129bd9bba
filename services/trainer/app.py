"""The trainer's HTTP side: its routes in the common frame."""

from functools import partial
from typing import Final

from fastapi import FastAPI

from ordercast.services.shared.http.app import create_app
from ordercast.services.shared.http.rate_limits import RateLimit
from ordercast.services.trainer.problems import PROBLEMS
from ordercast.services.trainer.routes import router
from ordercast.services.trainer.settings import TrainerSettings
from ordercast.services.trainer.wiring import open_trainer

# Of one caller; each has a connection, and an answer in memory that nobody may read.
STREAMS_AT_ONCE: Final = 10


def trainer_app(settings: TrainerSettings) -> FastAPI:
    """The app; its lifespan opens and closes the wiring."""
    return create_app(
        title="Ordercast trainer",
        wiring=partial(open_trainer, settings),
        routers=[router],
        problems=PROBLEMS,
        rate_limits=[
            RateLimit("event-streams", "GET", "/trainings/{training_id}/events", per_minute=60, at_once=STREAMS_AT_ONCE)
        ],
        cors_origins=settings.allowed_origins,
    )
