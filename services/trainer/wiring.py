"""Opens and closes all that the trainer uses, and nowhere else."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import Annotated

import structlog
from fastapi import Depends, Request

from ordercast.services.shared.db.engine import Sessions, ask_database, open_database
from ordercast.services.shared.http.api_keys import ApiKeys
from ordercast.services.shared.http.follow_ended_tokens import follow_ended_tokens
from ordercast.services.shared.http.follow_token_keys import follow_token_keys
from ordercast.services.shared.http.health import Check
from ordercast.services.shared.http.token_keys import load_private_key, load_verifying_keys
from ordercast.services.shared.http.tokens import TokenVerifier
from ordercast.services.shared.kafka.publisher import open_publisher
from ordercast.services.shared.process.background import running_beside
from ordercast.services.shared.process.errors import CannotStart
from ordercast.services.trainer.cluster.ask_scheduler import ask_scheduler, refuse_missing_package
from ordercast.services.trainer.errors import ClusterFailed
from ordercast.services.trainer.jobs.announce_models import AnnounceModels
from ordercast.services.trainer.jobs.bound_trainings import TrainingBounds
from ordercast.services.trainer.jobs.retrain import Retrain
from ordercast.services.trainer.jobs.retrain_rules import RetrainRules
from ordercast.services.trainer.jobs.run_trainings import RunTrainings
from ordercast.services.trainer.jobs.train_claimed import TrainerOptions
from ordercast.services.trainer.jobs.watch_training import WatchTrainings
from ordercast.services.trainer.settings import TrainerSettings

log = structlog.stdlib.get_logger()


@dataclass(frozen=True, slots=True)
class Trainer:
    """What the routes use; at `app.state.service`."""

    sessions: Sessions
    verifier: TokenVerifier
    api_keys: ApiKeys
    bounds: TrainingBounds
    watch: WatchTrainings
    checks: Mapping[str, Check]


@asynccontextmanager
async def open_trainer(settings: TrainerSettings) -> AsyncIterator[Trainer]:
    """Everything, working off trainings already. Neither PostgreSQL nor Kafka has to be there yet.

    Raises:
        CannotStart: a key is missing or damaged, versions cannot be written, or the cluster cannot be used.
    """
    _refuse_unwritable(settings.artifacts_dir)
    scheduler = settings.dask_scheduler if settings.trainer_backend == "dask" else None
    if scheduler is not None:
        await _refuse_unusable_cluster(scheduler)
    verifier = TokenVerifier(load_verifying_keys(settings.token_public_key_file))
    key = load_private_key(settings.model_private_key_file) if settings.model_private_key_file else None
    if key is None:
        log.warning("versions are not signed: ORDERCAST_MODEL_PRIVATE_KEY_FILE is not set")
    options = TrainerOptions(settings.artifacts_dir, settings.trainer_id, settings.trainer_threads, scheduler, key)
    async with open_database(settings.database_url, application="trainer") as sessions:
        announce = AnnounceModels(sessions, partial(open_publisher, settings.kafka_bootstrap, client_id="trainer"))
        trainings = RunTrainings(sessions, announce, options)
        watch = WatchTrainings(sessions)
        bounds = TrainingBounds(settings.trainings_waiting, settings.training_work)
        rules = RetrainRules(
            settings.retrain_after_rows,
            settings.retrain_after_days,
            settings.retrain_at_drift,
            settings.retrain_pause_hours,
        )
        retrain = Retrain(sessions, settings.artifacts_dir, rules, bounds)
        async with (
            running_beside(
                partial(follow_token_keys, settings.token_public_key_file, verifier), name="follow-token-keys"
            ),
            running_beside(partial(follow_ended_tokens, sessions, verifier), name="follow-ended-tokens"),
            running_beside(announce.run, name="announce-models"),
            running_beside(trainings.run, name="run-trainings"),
            running_beside(retrain.run, name="retrain"),
            running_beside(watch.run, name="watch-trainings"),
        ):
            checks = {
                "database": Check(partial(ask_database, sessions)),
                # Trainings go on without a broker, and predictors look into the database now and then.
                "announcements": Check(announce.check, required=False),
            }
            if scheduler is not None:
                checks["cluster"] = Check(trainings.check_cluster, required=False)  # trainings wait in their queue
            yield Trainer(sessions, verifier, ApiKeys(sessions), bounds, watch, checks)


def _refuse_unwritable(artifacts: Path) -> None:
    """Said at the start: otherwise the first training would find out, at its end."""
    try:
        artifacts.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=artifacts):
            pass
    except OSError as error:
        reason = error.strerror or error
        raise CannotStart(f"cannot write to {artifacts} (ORDERCAST_ARTIFACTS_DIR): {reason}") from error


async def _refuse_unusable_cluster(scheduler: str) -> None:
    """Said at the start: a wrong address would otherwise show in the first training only."""
    try:
        refuse_missing_package()
        await ask_scheduler(scheduler)
    except ClusterFailed as error:
        raise CannotStart(f"{error} (ORDERCAST_TRAINER_BACKEND=dask, ORDERCAST_DASK_SCHEDULER)") from error


async def _service(request: Request) -> Trainer:
    service: Trainer = request.app.state.service
    return service


CurrentService = Annotated[Trainer, Depends(_service)]
