"""Tells the topic `models` of each new version, after its commit.

The table remembers what the broker has not acknowledged yet: a process that dies between commit and event leaves that to its
next life, and a broker that is away does not hold up any training. A version may be told twice, with the same event id.
"""

import asyncio
from contextlib import suppress
from typing import Final

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.exc import SQLAlchemyError

from services.shared.contracts.envelope import Envelope, encode
from services.shared.contracts.events import ModelPublished
from services.shared.contracts.topics import MODELS
from services.shared.db.engine import Sessions
from services.shared.db.models import ModelVersion
from services.shared.db.unavailable import is_unavailable
from services.shared.kafka.errors import BrokerUnavailable
from services.shared.kafka.publisher import open_publisher
from services.shared.kafka.records import Record
from services.trainer.trainings import Training

log = structlog.stdlib.get_logger()

SOURCE: Final = "/ordercast/trainer"
# A look without any signal (s), for what another trainer left unsaid.
LOOK_EVERY_S: Final = 30.0
# After a look that failed (s): predictors find the version by themselves within half a minute.
RETRY_AFTER_S: Final = 2.0


class Announcer:
    """Announces versions in the order of their publication."""

    def __init__(self, sessions: Sessions, bootstrap: str) -> None:
        self._sessions = sessions
        self._bootstrap = bootstrap
        self._missing: str | None = None
        self._wake = asyncio.Event()

    def look_again(self) -> None:
        """A version may have been published."""
        self._wake.set()

    async def check(self) -> None:
        """For /readyz. Raises BrokerUnavailable while a version waits for the broker."""
        if self._missing is not None:
            raise BrokerUnavailable(self._missing)

    async def run(self, stopping: asyncio.Event) -> None:
        """Looks at once, at every signal and now and then, until `stopping` is set."""
        ending = asyncio.create_task(stopping.wait())
        ending.add_done_callback(lambda _: self._wake.set())
        try:
            while not stopping.is_set():
                self._wake.clear()
                wait = LOOK_EVERY_S if await self._try() else RETRY_AFTER_S
                with suppress(TimeoutError):
                    async with asyncio.timeout(0 if stopping.is_set() else wait):
                        await self._wake.wait()
        finally:
            ending.cancel()

    async def _try(self) -> bool:
        try:
            await announce_models(self._sessions, self._bootstrap)
        except BrokerUnavailable as error:
            self._missing = str(error)
        except (SQLAlchemyError, OSError) as error:
            if not is_unavailable(error):
                raise
            self._missing = None
            log.warning("the database is away, will try again", reason=str(error).partition("\n")[0])
            return False
        else:
            self._missing = None
            return True
        log.warning("a model version is not announced yet, will try again", reason=self._missing)
        return False


async def announce_models(sessions: Sessions, bootstrap: str) -> None:
    """Announces what is not announced yet, and takes note of it once the broker has it.

    Raises:
        BrokerUnavailable: some may have been announced without a note of it, and will be again.
    """
    query = (
        select(Training, ModelVersion)
        .join(ModelVersion, ModelVersion.version == Training.model_version)
        .where(Training.status == "succeeded", Training.announced_at.is_(None))
        .order_by(ModelVersion.published_at)
    )
    async with sessions() as session:
        waiting = (await session.execute(query)).all()
    if not waiting:
        return
    # A connection for each look that finds something: trainings are rare, and the service must start without a broker.
    async with open_publisher(bootstrap, client_id="trainer") as publisher:
        for training, model in waiting:
            await publisher.publish(MODELS.name, 0, [_record(training, model)])
            log.info("announced a model", version=model.version)
            async with sessions() as session, session.begin():
                noted = update(Training).where(Training.id == training.id).values(announced_at=func.now())
                await session.execute(noted)


def _record(training: Training, model: ModelVersion) -> Record:
    event = ModelPublished(model.version, model.recipe, model.manifest_sha256, model.published_at)
    headers, body = encode(Envelope(training.id, SOURCE, model.published_at, event))
    return Record(model.version.encode(), body, headers, int(model.published_at.timestamp() * 1000))
