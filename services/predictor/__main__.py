"""`python -m ordercast.services.predictor`: the API."""

import os

# One thread for matrix products, set before numpy is imported: for networks this small a second one only waits for the first,
# and OpenBLAS keeps some 30 MB for each.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from ordercast.services.shared.quick_imports import quick_imports

with quick_imports():
    from ordercast.services.predictor.app import predictor_app
    from ordercast.services.predictor.settings import PredictorSettings
    from ordercast.services.shared.process.exit_with_reason import exit_with_reason
    from ordercast.services.shared.serving.run_service import run_service


def main() -> None:
    with exit_with_reason("predictor"):
        run_service("predictor", PredictorSettings, predictor_app)


if __name__ == "__main__":
    main()
