"""What every service's `__main__` does: read the settings, set up logs and traces, serve until it is stopped."""

from collections.abc import Callable
from typing import TypeVar

from fastapi import FastAPI

from ordercast.services.shared.process.settings import HttpSettings, read_settings
from ordercast.services.shared.serving.connections import ConnectionLimits
from ordercast.services.shared.serving.serve import serve
from ordercast.services.shared.telemetry.export_spans import exported_spans
from ordercast.services.shared.telemetry.logs import configure_logging
from ordercast.services.shared.telemetry.settings import TracingSettings

Settings = TypeVar("Settings", bound=HttpSettings)


def run_service(name: str, settings_type: type[Settings], make_app: Callable[[Settings], FastAPI]) -> None:
    """Serves the app until SIGTERM or SIGINT. `name` stands in each log line and trace.

    Raises:
        CannotStart: a setting is wrong, the port is taken, or the wiring says so.
    """
    settings = read_settings(settings_type)
    configure_logging(name, settings.log_format, settings.log_level.upper(), access_log=settings.access_log)
    with exported_spans(name, read_settings(TracingSettings)):
        serve(
            make_app(settings),
            host=settings.host,
            port=settings.port,
            operations_port=settings.operations_port,
            limits=_limits_of(settings),
        )


def _limits_of(settings: HttpSettings) -> ConnectionLimits:
    return ConnectionLimits(
        connections=settings.http_connections,
        per_address=settings.http_connections_per_address,
        head_s=settings.http_head_s,
        stall_s=settings.http_stall_s,
        idle_s=settings.http_idle_s,
    )
