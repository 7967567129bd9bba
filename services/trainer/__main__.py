"""`python -m ordercast.services.trainer`: the API, and the trainings that it takes."""

import os
import sys

# Set before numpy is imported: this process only carries numbers, and OpenBLAS keeps some 30 MB for each thread.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from ordercast.services.shared.process.errors import CannotStart
from ordercast.services.shared.process.serve import serve
from ordercast.services.shared.process.settings import read_settings
from ordercast.services.shared.telemetry.export_spans import exported_spans
from ordercast.services.shared.telemetry.logs import configure_logging
from ordercast.services.shared.telemetry.settings import TracingSettings
from ordercast.services.trainer.app import trainer_app
from ordercast.services.trainer.settings import TrainerSettings


def main() -> None:
    try:
        settings = read_settings(TrainerSettings)
        configure_logging("trainer", settings.log_format)
        with exported_spans("trainer", read_settings(TracingSettings)):
            serve(trainer_app(settings), host=settings.host, port=settings.port)
    except CannotStart as error:
        sys.exit(f"trainer: {error}")


if __name__ == "__main__":
    main()
