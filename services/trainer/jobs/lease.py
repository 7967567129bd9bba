"""The lease of a training that this trainer has claimed: renewed while it is worked on, and given back with how that ended."""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

import structlog
from sqlalchemy.exc import SQLAlchemyError

from ordercast.first_line import first_line
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.models import ModelVersion
from ordercast.services.shared.db.unavailable import is_unavailable
from ordercast.services.shared.process.pause import pause
from ordercast.services.trainer.jobs import trainings
from ordercast.services.trainer.jobs.tables import Status, Training
from ordercast.services.trainer.networks.fit import EpochLosses, NetworksLooked

log = structlog.stdlib.get_logger()

# Between two tries (s) to write how a training ended, while the database is away.
RETRY_S: Final = 1.0

# A training that another trainer has claimed meanwhile is "lost" to this one.
Outcome = Status | Literal["lost"]


class Interrupted(Exception):
    """The training goes no further here: it was cancelled, another trainer has it, or this one stops."""

    def __init__(self, why: Literal["cancel", "lost", "stop"]) -> None:
        super().__init__(why)
        self.why = why


class Lease:
    """`training` is the row as it was claimed."""

    def __init__(self, sessions: Sessions, training: Training, owner: str) -> None:
        self.training = training
        self._sessions = sessions
        self._owner = owner

    async def renew(
        self,
        epochs: list[EpochLosses],
        *,
        networks: Mapping[str, NetworksLooked] = MappingProxyType({}),
        events_behind: int = 0,
    ) -> None:
        """Renews the lease and moves `epochs` into the table. A database that is away for a moment does not end a training.

        `networks`: what is known by now of each question's; `events_behind`: for so many events of the feature worker it waits.

        Raises:
            Interrupted: the training was cancelled, or the lease is lost.
        """
        noted = len(epochs)
        try:
            async with self._sessions() as session, session.begin():
                interruption = await trainings.renew(session, self.training, self._owner, events_behind)
                if networks and interruption is None:
                    await trainings.note_networks(session, self.training.id, networks)
                if noted and interruption is None:
                    await trainings.note_epochs(session, self.training.id, epochs[:noted])
        except (SQLAlchemyError, OSError) as error:
            if not is_unavailable(error):
                raise
            log.warning("the lease was not renewed", training=str(self.training.id), cause=first_line(error))
            return
        del epochs[:noted]
        if interruption is not None:
            raise Interrupted(interruption)

    async def finish(
        self, status: Status, stopping: asyncio.Event, *, model: ModelVersion | None = None, **values: object
    ) -> Outcome:
        """Writes how it ended, with the model's row if there is one, as soon as the database is there.

        Once `stopping` is set, a database that is away is not waited for: the row is found at this trainer's next start.
        """
        while True:
            try:
                return await self._finish_once(status, model, values)
            except (SQLAlchemyError, OSError) as error:
                if not is_unavailable(error):
                    raise
                if stopping.is_set():
                    return "lost"
                cause = first_line(error)
                log.warning("the end of a training waits for the database", training=str(self.training.id), cause=cause)
                await pause(stopping, RETRY_S)

    async def _finish_once(self, status: Status, model: ModelVersion | None, values: dict[str, object]) -> Outcome:
        async with self._sessions() as session, session.begin():
            if await trainings.finish(session, self.training, self._owner, status, **values):
                session.add_all([model] if model is not None else [])
                return status
            # Another trainer has it; or it was ours after all, and only the commit's answer was lost.
            now = await session.get_one(Training, self.training.id)
            return status if model is not None and now.model_version == model.version else "lost"


async def claim_next(sessions: Sessions, owner: str) -> Lease | None:
    """The next training for `owner`, who must not work on another one; None without any."""
    async with sessions() as session, session.begin():
        training = await trainings.claim(session, owner)
    return None if training is None else Lease(sessions, training, owner)
