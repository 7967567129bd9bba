"""Events of products and accounts on their way to the topics that keep the last one of each."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Identity, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from ordercast.services.shared.db.metadata import Base


class StateEvent(Base):
    """What a product or account was made or changed to. Triggers write it, in the transaction of the change (migration 0037).

    Ids of one key rise in the order of its changes, because its row is locked by each. `number` is NULL until a relay is about to
    publish it. `state` is JSON: the fields of the event but for the id and the time. `committed_at` is when it came into the table:
    later than `occurred_at` for what was there before the table.
    """

    __tablename__ = "state_outbox"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    topic: Mapped[str]
    key: Mapped[int]
    event_id: Mapped[UUID] = mapped_column(server_default=func.gen_random_uuid())
    event_type: Mapped[str]
    state: Mapped[str]
    occurred_at: Mapped[datetime]
    committed_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    number: Mapped[int | None]

    __table_args__ = (
        Index("ix_state_outbox_not_numbered", "id", postgresql_where=text("number IS NULL")),
        Index("ix_state_outbox_numbered", "id", postgresql_where=text("number IS NOT NULL")),
    )


class StateStream(Base):
    """A partition of such a topic: its last number, and which relay may publish it.

    Of `accounts`, erasures up to `erasures_until` were followed by another event.
    """

    __tablename__ = "state_streams"

    topic: Mapped[str] = mapped_column(primary_key=True)
    partition: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last_number: Mapped[int] = mapped_column(server_default=text("0"))
    owner: Mapped[str | None]
    leased_until: Mapped[datetime | None]
    erasures_until: Mapped[datetime | None]
