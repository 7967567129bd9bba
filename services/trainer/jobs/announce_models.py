"""Tells of published versions on the topic `models`: once the row is committed, and again until Kafka has acknowledged it."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Final, NamedTuple
from uuid import UUID, uuid5

import structlog
from sqlalchemy import Row, select, update

from ordercast.contracts.envelope import Envelope, encode
from ordercast.contracts.events import ModelPublished
from ordercast.contracts.topics import MODELS
from ordercast.first_line import first_line
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.models import ModelVersion
from ordercast.services.shared.db.repeat import repeat
from ordercast.services.shared.kafka.errors import BrokerUnavailable, KafkaError, RecordRefused
from ordercast.services.shared.kafka.ports import Publisher
from ordercast.services.shared.kafka.records import Record
from ordercast.services.shared.telemetry.tracing import sending, spans
from ordercast.services.trainer.jobs.tables import Training

log = structlog.stdlib.get_logger()

# Connects; raises BrokerUnavailable.
OpenPublisher = Callable[[], AbstractAsyncContextManager[Publisher]]

SOURCE: Final = "/ordercast/trainer"
# Between two tries (s) while the broker is away; predictors look into the table by themselves now and then.
RETRY_S: Final = 5.0
# Between two tries (s) of what Kafka refused: somebody has to set a clock or the topic's limits right first.
REFUSED_RETRY_S: Final = 600.0
# Between two looks (s) for versions of other trainers that are gone before they could announce them.
LOOK_EVERY_S: Final = 30.0
# Between two looks (s) at whether something was published here, or the process stops.
POLL_S: Final = 0.2


class _Refused(NamedTuple):
    """Why Kafka refused a version's event, and when it is tried again (s, by the event loop's clock)."""

    reason: str
    again_at: float


class AnnounceModels:
    """Publishes ModelPublished for each version that has no acknowledgement yet; also those that a crash left behind."""

    def __init__(self, sessions: Sessions, open_publisher: OpenPublisher) -> None:
        self._sessions = sessions
        self._open_publisher = open_publisher
        self._published = asyncio.Event()
        self._published.set()  # something may be left from before
        self._missing: str | None = None
        self._refused: dict[str, _Refused] = {}  # by version
        self._look_at = 0.0  # by the event loop's clock

    def look(self) -> None:
        """A version was recorded."""
        self._published.set()

    async def check(self) -> None:
        """For /readyz. Raises KafkaError while a version is not announced: the broker is away, or refuses it."""
        if self._missing is not None:
            raise KafkaError(self._missing)

    async def run(self, stopping: asyncio.Event) -> None:
        """Announces until `stopping` is set. Broker and database are waited for; trainings go on meanwhile.

        Nor does a refusal end it: predictors find the version in the database.
        """
        await repeat(self._announce_if_due, stopping, name="announce-models")

    async def _announce_if_due(self) -> float:
        """How long to wait (s) for the next look."""
        now = asyncio.get_running_loop().time()
        if not self._published.is_set() and now < self._look_at:
            return POLL_S
        self._published.clear()
        try:
            await self.announce_all()
        except BrokerUnavailable as error:
            self._missing = first_line(error)
            self._published.set()
            log.warning("a model version waits to be announced", cause=self._missing)
            return RETRY_S
        except BaseException:
            self._published.set()
            raise
        self._look_at = now + LOOK_EVERY_S
        return POLL_S

    async def announce_all(self) -> None:
        """Announces what is not yet acknowledged; what Kafka refused, only after `REFUSED_RETRY_S`.

        Raises:
            BrokerUnavailable: the rest waits for the next time.
        """
        now = asyncio.get_running_loop().time()
        waiting = await self._waiting()
        self._refused = {
            version.version: self._refused[version.version]
            for version, *_ in waiting
            if version.version in self._refused
        }
        for version, training_id, asked_for in waiting:
            before = self._refused.get(version.version)
            if before is not None and now < before.again_at:
                continue
            try:
                await self._announce(version, asked_for)
            except RecordRefused as error:
                reason = f"{version.version} is not announced: {first_line(error)}"
                self._refused[version.version] = _Refused(reason, now + REFUSED_RETRY_S)
                log.warning("a model version was refused by Kafka", version=version.version, reason=reason)
                continue
            self._refused.pop(version.version, None)
            async with self._sessions() as session, session.begin():
                await session.execute(
                    update(Training).where(Training.id == training_id).values(announced_at=datetime.now(UTC))
                )
        self._missing = next((refused.reason for refused in self._refused.values()), None)

    async def _waiting(self) -> Sequence[Row[ModelVersion, UUID, str | None]]:
        """The versions without an acknowledgement, with their trainings and their traces."""
        query = (
            select(ModelVersion, Training.id, Training.traceparent)
            .join(Training, Training.model_version == ModelVersion.version)
            .where(Training.announced_at.is_(None))
            .order_by(ModelVersion.published_at)
        )
        async with self._sessions() as session:
            return (await session.execute(query)).all()

    async def _announce(self, version: ModelVersion, asked_for: str | None) -> None:
        with spans((sending(MODELS.name, 0), [asked_for])) as [[traceparent]]:
            async with self._open_publisher() as publisher:
                await publisher.publish(MODELS.name, 0, [_record(version, traceparent)])


def _record(version: ModelVersion, traceparent: str | None) -> Record:
    event = ModelPublished(version.version, version.recipe, version.manifest_sha256, version.published_at)
    # The same id at each try, so that consumers can tell a repeat.
    event_id = uuid5(version.training_id, version.version)
    headers, body = encode(Envelope(event_id, SOURCE, version.published_at, event, traceparent=traceparent))
    return Record(version.version.encode(), body, headers, int(version.published_at.timestamp() * 1000))
