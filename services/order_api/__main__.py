"""`python -m services.order_api`: the API."""

import sys

from services.order_api.app import order_api_app
from services.order_api.settings import OrderApiSettings
from services.shared.http.serve import serve
from services.shared.http.start import CannotStart, read_settings
from services.shared.telemetry.logs import configure_logging


def run_api() -> None:
    settings = read_settings(OrderApiSettings)
    configure_logging("order_api", settings.log_format)
    serve(order_api_app(settings), host=settings.host, port=settings.port)


def main() -> None:
    try:
        run_api()
    except CannotStart as error:
        sys.exit(f"order_api: {error}")


if __name__ == "__main__":
    main()
