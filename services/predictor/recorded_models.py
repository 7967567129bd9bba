"""The record of model versions: written by the trainer when it publishes, and here when an operator chooses one."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final, cast

from sqlalchemy import func, select, update

from ordercast.contracts.model_manifest import VERSION_PATTERN
from ordercast.services.predictor.errors import UnknownModel
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.models import ModelVersion

# When a version was last decided on: publishing decides too, so a new model takes over from one that was chosen before it.
_DECIDED_AT: Final = func.greatest(ModelVersion.published_at, ModelVersion.activated_at)


async def latest_models(sessions: Sessions, limit: int) -> Sequence[ModelVersion]:
    """Versions by the moment of the last decision for them: the first is the one to serve."""
    query = select(ModelVersion).order_by(_DECIDED_AT.desc(), ModelVersion.version.desc()).limit(limit)
    async with sessions() as session:
        return (await session.scalars(query)).all()


async def list_models(sessions: Sessions, limit: int, after: str | None) -> Sequence[ModelVersion]:
    """Versions by their ids, which begin with the time of their making, newest first."""
    query = select(ModelVersion).order_by(ModelVersion.version.desc()).limit(limit)
    if after is not None:
        query = query.where(ModelVersion.version < after)
    async with sessions() as session:
        return (await session.scalars(query)).all()


async def find_model(sessions: Sessions, version: str) -> ModelVersion:
    """The record of one version.

    Raises:
        UnknownModel: it was never published.
    """
    record = None
    if re.fullmatch(VERSION_PATTERN, version):  # anything else is no version, and may not even be text for PostgreSQL
        async with sessions() as session:
            record = await session.get(ModelVersion, version)
    if record is None:
        raise UnknownModel(f"no model version {version} was published")
    return record


async def activate(sessions: Sessions, version: str) -> datetime:
    """Records the decision for a version that exists, by the database's clock: all decisions are compared by it."""
    statement = (
        update(ModelVersion)
        .where(ModelVersion.version == version)
        .values(activated_at=func.clock_timestamp())
        .returning(ModelVersion.activated_at)
    )
    async with sessions() as session, session.begin():
        return cast("datetime", (await session.execute(statement)).scalar_one())
