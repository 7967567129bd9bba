"""The relay's HTTP side: health and metrics."""

from functools import partial

from fastapi import FastAPI

from ordercast.services.order_api.relay_wiring import open_relay
from ordercast.services.order_api.settings import RelaySettings
from ordercast.services.shared.http.app import create_app


def relay_app(settings: RelaySettings) -> FastAPI:
    """The app; its lifespan runs the relay."""
    return create_app(title="Ordercast outbox relay", wiring=partial(open_relay, settings))
