"""A trainer whose database, broker or disk is not there."""

import asyncio
from pathlib import Path

import pytest
from uuid_utils.compat import uuid7

from ordercast.infra.local.ports import free_port
from ordercast.services.shared.db.models import ModelVersion
from ordercast.services.shared.process.errors import CannotStart
from ordercast.services.trainer.jobs.tables import Training
from ordercast.services.trainer.settings import TrainerSettings
from ordercast.services.trainer.wiring import open_trainer
from tests.integration.trainer.conftest import Workplace, until


async def test_a_trainer_starts_and_stays_without_a_database(workplace: Workplace) -> None:
    nowhere = f"postgresql+asyncpg://nobody@127.0.0.1:{free_port()}/nothing"
    async with workplace.trainer(database_url=nowhere) as client:
        await asyncio.sleep(1.5)  # both of its loops have looked by now
        assert (await client.get("/healthz")).status_code == 200
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.headers["content-type"]) == (503, "application/problem+json")
        assert "database" in ready.json()["detail"]


async def test_a_version_that_waits_for_the_broker_shows_and_holds_nothing_up(workplace: Workplace) -> None:
    training_id, version = uuid7(), "v20260102T030405-0a1b2c3d"
    async with workplace.sessions() as session, session.begin():
        session.add(ModelVersion(version=version, training_id=training_id, recipe="baseline", manifest_sha256="0" * 64))
        done = Training(id=training_id, recipe="baseline", members=1, epochs=1, batch_size=1, seed=1)
        done.status, done.model_version = "succeeded", version
        session.add(done)

    async with workplace.trainer(kafka_bootstrap=f"127.0.0.1:{free_port()}") as client:

        async def shows() -> bool:
            ready = (await client.get("/readyz")).json()
            return bool(ready["status"] == "degraded" and "no Kafka broker" in ready["checks"]["announcements"])

        await until(shows)
        assert (await client.get("/trainings")).status_code == 200


async def test_a_folder_that_cannot_be_written_is_said_at_the_start(workplace: Workplace, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings = workplace.settings.model_copy(update={"artifacts_dir": tmp_path / "file" / "artifacts"})

    with pytest.raises(CannotStart, match="ORDERCAST_ARTIFACTS_DIR"):
        async with open_trainer(settings):
            pass


def test_two_trainers_on_one_machine_have_names_of_their_own(workplace: Workplace) -> None:
    values = workplace.settings.model_dump(exclude={"trainer_id"})
    first, again, second = (TrainerSettings(**values | {"port": port}) for port in (8001, 8001, 9001))

    assert first.trainer_id == again.trainer_id
    assert first.trainer_id != second.trainer_id
