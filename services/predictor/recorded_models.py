"""The record of model versions: written by the trainer when it publishes, and here when an operator chooses one."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, cast

from sqlalchemy import func, select, update

from ordercast.contracts.because import sentence
from ordercast.contracts.model_manifest import VERSION_PATTERN
from ordercast.services.predictor.errors import UnknownModel
from ordercast.services.predictor.model_slot import Pin
from ordercast.services.shared.audit.record import record_act
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.models import ModelVersion, pin_holds, serving_order
from ordercast.services.shared.http.caller import Caller


class Latest(NamedTuple):
    """Versions in the order in which they are to be served, and the pin among them that puts one first."""

    versions: Sequence[ModelVersion]
    pin: Pin | None


async def latest_models(sessions: Sessions, recipe: str, limit: int) -> Latest:
    """Of a recipe: the pinned version first, the others by the moment of the last decision for them."""
    query = select(ModelVersion, pin_holds(recipe)).where(ModelVersion.recipe == recipe)
    async with sessions() as session:
        rows = (await session.execute(query.order_by(*serving_order(recipe)).limit(limit))).all()
    versions = [version for version, _ in rows]
    if not rows or not rows[0][1] or versions[0].pinned_at is None:
        return Latest(versions, None)
    pin = Pin(versions[0].version, versions[0].pinned_at)
    challengers = [version for version in versions[1:] if pin.holds_back(version.published_at)]
    return Latest(versions, pin._replace(challenger=challengers[0].version if challengers else None))


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
        raise UnknownModel(sentence("no-version", version=version))
    return record


async def activate(sessions: Sessions, version: str, by: Caller | None = None) -> datetime:
    """Pins a version that exists, by the database's clock: all decisions are compared by it. A pin before it holds no more."""
    async with sessions() as session, session.begin():
        now: datetime = (await session.execute(select(func.clock_timestamp()))).scalar_one()
        chosen = update(ModelVersion).where(ModelVersion.version == version)
        await session.execute(chosen.values(activated_at=now, pinned_at=now))
        record_act(session, "model-pinned", by, f"models/{version}")
    return now


async def unpin(sessions: Sessions, recipe: str, by: Caller | None = None) -> datetime:
    """Takes back every choice of a version of a recipe, so that the one published last comes first; returns the moment."""
    chosen = update(ModelVersion).where(ModelVersion.activated_at.is_not(None), ModelVersion.recipe == recipe)
    async with sessions() as session, session.begin():
        chosen_before = await session.scalars(
            chosen.values(activated_at=None, pinned_at=None).returning(ModelVersion.version)
        )
        if versions := sorted(chosen_before):
            record_act(session, "model-unpinned", by, recipe=recipe, versions=versions)
        return cast("datetime", (await session.execute(select(func.clock_timestamp()))).scalar_one())
