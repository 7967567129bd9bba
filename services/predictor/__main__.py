"""`python -m ordercast.services.predictor`: the API."""

import os
import sys

# One thread for matrix products, set before numpy is imported: for networks this small a second one only waits for the first,
# and OpenBLAS keeps some 30 MB for each.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from ordercast.services.predictor.app import predictor_app
from ordercast.services.predictor.settings import PredictorSettings
from ordercast.services.shared.process.errors import CannotStart
from ordercast.services.shared.process.serve import serve
from ordercast.services.shared.process.settings import read_settings
from ordercast.services.shared.telemetry.export_spans import exported_spans
from ordercast.services.shared.telemetry.logs import configure_logging
from ordercast.services.shared.telemetry.settings import TracingSettings


def main() -> None:
    try:
        settings = read_settings(PredictorSettings)
        configure_logging("predictor", settings.log_format)
        with exported_spans("predictor", read_settings(TracingSettings)):
            serve(predictor_app(settings), host=settings.host, port=settings.port)
    except CannotStart as error:
        sys.exit(f"predictor: {error}")


if __name__ == "__main__":
    main()
