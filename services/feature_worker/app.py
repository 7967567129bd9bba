"""feature_worker's HTTP side: health and metrics; its lifespan runs the worker."""

from functools import partial

from fastapi import FastAPI

from ordercast.services.feature_worker.settings import FeatureWorkerSettings
from ordercast.services.feature_worker.wiring import open_feature_worker
from ordercast.services.shared.http.app import create_app


def feature_worker_app(settings: FeatureWorkerSettings) -> FastAPI:
    return create_app(title="Ordercast feature worker", wiring=partial(open_feature_worker, settings))
