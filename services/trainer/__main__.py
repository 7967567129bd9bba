"""`python -m ordercast.services.trainer`: the API, and the trainings that it takes."""

import os

# Set before numpy is imported: this process only carries numbers, and OpenBLAS keeps some 30 MB for each thread.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from ordercast.services.shared.process.exit_with_reason import exit_with_reason
from ordercast.services.shared.serving.run_service import run_service
from ordercast.services.trainer.app import trainer_app
from ordercast.services.trainer.settings import TrainerSettings


def main() -> None:
    with exit_with_reason("trainer"):
        run_service("trainer", TrainerSettings, trainer_app)


if __name__ == "__main__":
    main()
