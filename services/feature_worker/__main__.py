"""`python -m services.feature_worker`: the worker, with health and metrics."""

import gc
import sys
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from services.feature_worker.app import feature_worker_app
from services.feature_worker.errors import FeatureWorkerError
from services.feature_worker.settings import FeatureWorkerSettings
from services.shared.http.serve import serve
from services.shared.http.start import CannotStart, read_settings
from services.shared.kafka.errors import KafkaError
from services.shared.telemetry.logs import configure_logging

# A batch makes some 100,000 objects that live until its commit and form no cycles. By default (700, 10, 10) the collector
# walks through them again and again, for a third of the worker's time.
GC_THRESHOLDS: Final = (200_000, 20, 100)


def run_worker() -> None:
    settings = read_settings(FeatureWorkerSettings)
    configure_logging("feature_worker", settings.log_format)
    gc.set_threshold(*GC_THRESHOLDS)
    serve(feature_worker_app(settings), host=settings.host, port=settings.port)


def main() -> None:
    try:
        run_worker()
    except (CannotStart, FeatureWorkerError, KafkaError, SQLAlchemyError, OSError) as error:
        sys.exit(f"feature_worker: {error}".partition("\n")[0])


if __name__ == "__main__":
    main()
