"""Which model versions were published, and which one is to be served: written by trainer and predictor."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.orm import Mapped, mapped_column

from ordercast.services.shared.db.metadata import Base


class ModelVersion(Base):
    """A version that is whole on disk. All else that is known of it stands in its manifest.

    To be served is the pinned one. A pin holds as long as nothing was activated after it: pods of the release before activate
    without pinning. Without a pin it is the one with the latest of `published_at` and `activated_at`. All times are the
    database's, so that they can be compared.
    """

    __tablename__ = "models"

    version: Mapped[str] = mapped_column(primary_key=True)
    training_id: Mapped[UUID]
    recipe: Mapped[str]
    manifest_sha256: Mapped[str]
    published_at: Mapped[datetime] = mapped_column(server_default=func.now())
    activated_at: Mapped[datetime | None]  # when an operator chose it last
    pinned_at: Mapped[datetime | None]  # the same, until it is unpinned or another one is activated
