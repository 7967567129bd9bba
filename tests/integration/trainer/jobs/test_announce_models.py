"""Versions that Kafka refuses to hear of."""

import asyncio
from contextlib import nullcontext

import pytest
from uuid_utils.compat import uuid7

from ordercast.contracts.topics import MODELS
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.models import ModelVersion
from ordercast.services.shared.kafka.errors import BrokerUnavailable, KafkaError
from ordercast.services.shared.kafka.memory import MemoryLog
from ordercast.services.shared.kafka.records import Record
from ordercast.services.trainer.jobs import announce_models
from ordercast.services.trainer.jobs.announce_models import AnnounceModels
from ordercast.services.trainer.jobs.tables import Training
from tests.integration.trainer.conftest import Workplace, until

REFUSED, GOOD = "v20260102T030405-0a1b2c3d", "v20260102T030406-0a1b2c3d"


async def publish(sessions: Sessions, version: str) -> None:
    training_id = uuid7()
    async with sessions() as session, session.begin():
        session.add(ModelVersion(version=version, training_id=training_id, recipe="baseline", manifest_sha256="0" * 64))
        done = Training(id=training_id, recipe="baseline", members=1, epochs=1, batch_size=1, seed=1)
        done.status, done.model_version = "succeeded", version
        session.add(done)


def announced(log: MemoryLog) -> list[bytes | None]:
    return [record.key for record in log.records(MODELS.name, 0)]


def refuses(record: Record) -> str | None:
    return "INVALID_TIMESTAMP" if record.key == REFUSED.encode() else None


async def test_a_refused_version_ends_nothing_shows_and_holds_up_no_other(workplace: Workplace) -> None:
    sessions = workplace.sessions
    await publish(sessions, REFUSED)
    await publish(sessions, GOOD)
    log, stopping = MemoryLog(refuses), asyncio.Event()
    announce = AnnounceModels(sessions, lambda: nullcontext(log))

    async def is_announced() -> bool:
        return announced(log) == [GOOD.encode()]

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(announce.run(stopping))
        await until(is_announced)
        with pytest.raises(KafkaError, match=f"{REFUSED} is not announced: INVALID_TIMESTAMP"):
            await announce.check()
        stopping.set()


async def test_a_refused_version_is_tried_again_after_long_and_the_reason_goes_with_it(
    workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = workplace.sessions
    await publish(sessions, REFUSED)
    log = MemoryLog(refuses)
    announce = AnnounceModels(sessions, lambda: nullcontext(log))
    await announce.announce_all()
    log.refuses = lambda _: None
    await announce.announce_all()
    assert announced(log) == []  # the time is not over

    monkeypatch.setattr(announce_models, "REFUSED_RETRY_S", 0.0)
    other = AnnounceModels(sessions, lambda: nullcontext(log))
    log.refuses = refuses
    await other.announce_all()
    log.available = False
    with pytest.raises(BrokerUnavailable):
        await other.announce_all()
    log.available, log.refuses = True, lambda _: None
    await other.announce_all()
    assert announced(log) == [REFUSED.encode()]
    await other.check()
    await announce.announce_all()  # somebody else has announced it
    await announce.check()
