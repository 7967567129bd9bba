"""Which model versions were published, and which one is to be served: written by trainer and predictor."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, false, func, select
from sqlalchemy.orm import Mapped, mapped_column

from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.metadata import Base


class ModelVersion(Base):
    """A version that is whole on disk. All else that is known of it stands in its manifest.

    Each recipe has its own version to be served: the pinned one. A pin holds as long as no version of the recipe was activated
    after it: pods of the release before activate without pinning. Without a pin it is the one with the latest of `published_at`
    and `activated_at`; unpinning takes back every `activated_at`, so that the one published last is served, for such pods too.
    All times are the database's, so that they can be compared.
    """

    __tablename__ = "models"

    version: Mapped[str] = mapped_column(primary_key=True)
    training_id: Mapped[UUID]
    recipe: Mapped[str]
    manifest_sha256: Mapped[str]
    manifest_signature: Mapped[str | None]  # ordercast/contracts/model_signature.py; None from before there was a key
    published_at: Mapped[datetime] = mapped_column(server_default=func.now())
    activated_at: Mapped[datetime | None]  # when an operator chose it last; None after unpinning
    pinned_at: Mapped[datetime | None]  # the same, until it is unpinned or another one is activated


def pin_holds(recipe: str) -> ColumnElement[bool]:
    """Whether a version is pinned, among those of its recipe."""
    last = select(func.max(ModelVersion.activated_at)).where(ModelVersion.recipe == recipe).scalar_subquery()
    return func.coalesce(ModelVersion.pinned_at >= last, false())


def serving_order(recipe: str) -> tuple[ColumnElement[Any], ...]:
    """The first of a recipe's versions in this order is the one to serve. A version takes over when it is published, also from
    one that a pod of the release before activated without pinning it."""
    decided_at = func.greatest(ModelVersion.published_at, ModelVersion.activated_at)
    return pin_holds(recipe).desc(), decided_at.desc(), ModelVersion.version.desc()


async def serving_version(sessions: Sessions, recipe: str) -> str | None:
    """The version of a recipe that is to be served; None without any."""
    query = select(ModelVersion.version).where(ModelVersion.recipe == recipe).order_by(*serving_order(recipe)).limit(1)
    async with sessions() as session:
        return (await session.scalars(query)).first()
