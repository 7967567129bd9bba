"""`python -m services.order_api`: the API; `... relay`: the outbox relay."""

import argparse
import sys

from sqlalchemy.exc import SQLAlchemyError

from services.order_api.app import order_api_app, relay_app
from services.order_api.errors import OrderApiError
from services.order_api.settings import OrderApiSettings, RelaySettings
from services.shared.http.serve import serve
from services.shared.http.start import CannotStart, read_settings
from services.shared.kafka.errors import KafkaError
from services.shared.telemetry.logs import configure_logging


def run_api() -> None:
    settings = read_settings(OrderApiSettings)
    configure_logging("order_api", settings.log_format)
    serve(order_api_app(settings), host=settings.host, port=settings.port)


def run_relay() -> None:
    settings = read_settings(RelaySettings)
    configure_logging("relay", settings.log_format)
    serve(relay_app(settings), host=settings.host, port=settings.port)


COMMANDS = {"api": run_api, "relay": run_relay}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m services.order_api", description=__doc__)
    parser.add_argument("command", nargs="?", choices=COMMANDS, default="api")
    command: str = parser.parse_args().command
    try:
        COMMANDS[command]()
    except (CannotStart, OrderApiError, KafkaError, SQLAlchemyError, OSError) as error:
        sys.exit(f"{command}: {error}".partition("\n")[0])


if __name__ == "__main__":
    main()
