"""Orders, the answers kept for repeated requests, and the outbox."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from ordercast.services.shared.db.metadata import MONEY_TOTAL, Base


class Order(Base):
    """An order, or (`is_cancellation`) a cancellation out of a shop's own history, which takes back and orders nothing."""

    __tablename__ = "orders"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    status: Mapped[str]
    currency: Mapped[str]
    total: Mapped[Decimal] = mapped_column(MONEY_TOTAL)
    order_ref: Mapped[str | None] = mapped_column(unique=True)  # the shop's own number, for imported orders
    is_cancellation: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime]  # event time: for an import, when the shop took the order
    confirmed_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())  # when it was last written here

    __table_args__ = (
        CheckConstraint("status IN ('PENDING', 'CONFIRMED', 'CANCELLED')", name="status"),
        Index(None, "account_id", "created_at", "id"),
        Index(None, "created_at", "id"),
        # Most are CONFIRMED, and are found by the index before; the others are few and what a shop asks for.
        Index(
            "ix_orders_not_confirmed",
            "status",
            "created_at",
            "id",
            postgresql_where=text("status <> 'CONFIRMED'"),
        ),
        # Rows lie about in the order of this time, so the smallest kind of index is enough.
        Index(
            None,
            "updated_at",
            postgresql_using="brin",
            postgresql_with={"pages_per_range": 32, "autosummarize": True},
        ),
    )


class OrderItem(Base):
    """One line of an order; `unit_price` is the product's price in the transaction that placed it."""

    __tablename__ = "order_items"

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    line: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    quantity: Mapped[int]
    unit_price: Mapped[Decimal]
    # Of an order that is CANCELLED all is taken back, whatever this says: imports and the release before leave it at 0.
    cancelled_quantity: Mapped[int] = mapped_column(server_default=text("0"))

    __table_args__ = (
        CheckConstraint("quantity BETWEEN 1 AND 1000000", name="quantity"),
        CheckConstraint("cancelled_quantity BETWEEN 0 AND quantity", name="cancelled_quantity"),
        CheckConstraint("unit_price >= 0", name="unit_price_not_negative"),
        Index(None, "product_id", "order_id"),
    )


class OrderCancellation(Base):
    """How many pieces of a line an `OrderCancelled` event takes back, and when.

    Of a CANCELLED order the rest was taken back at its `cancelled_at`: imports and the release before write no rows here.
    """

    __tablename__ = "order_cancellations"

    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    line: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"))
    quantity: Mapped[int]
    cancelled_at: Mapped[datetime]


class IdempotencyKey(Base):
    """A request that carried an Idempotency-Key, and the answer it got (NULL while it is in flight).

    `progress` says of a batch that has no whole answer yet what is known of its lines (`views/batch_progress.py`).
    """

    __tablename__ = "idempotency_keys"

    account_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    operation: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    body_sha256: Mapped[bytes]
    answer: Mapped[bytes | None]
    planned_answer: Mapped[
        bytes | None
    ]  # unused: the release before writes it during an upgrade; the next release drops it
    progress: Mapped[bytes | None]
    claim_id: Mapped[UUID]  # new each time that the key is claimed: a key may come again after its 24 hours
    claimed_at: Mapped[datetime] = mapped_column(index=True)


class OutboxShard(Base):
    """The counter of a shard: one partition of the topic `orders`.

    Locking its row until the commit makes the numbers dense and in commit order.
    """

    __tablename__ = "outbox_shards"

    shard: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last_number: Mapped[int] = mapped_column(server_default=text("0"))


class OutboxLease(Base):
    """How far a shard is published, and which relay may publish it. Apart from the counter, which orders lock."""

    __tablename__ = "outbox_leases"

    shard: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    published_number: Mapped[int] = mapped_column(server_default=text("0"))
    owner: Mapped[str | None]
    leased_until: Mapped[datetime | None]


class OutboxRelay(Base):
    """A relay that is alive: these share the shards. One that stops deletes its row."""

    __tablename__ = "outbox_relays"

    owner: Mapped[str] = mapped_column(primary_key=True)
    alive_until: Mapped[datetime]


class OutboxEvent(Base):
    """An event to publish, written in the transaction of the order that it tells of."""

    __tablename__ = "outbox"

    shard: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    event_id: Mapped[UUID]
    event_type: Mapped[str]
    account_id: Mapped[int]
    occurred_at: Mapped[datetime]
    body: Mapped[bytes]
    traceparent: Mapped[str | None]
    committed_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (UniqueConstraint("event_id"),)


class OrderChange(Base):
    """An event of an order under its number, kept when the outbox has forgotten it (`read_changes.py`).

    A trigger of the outbox writes it. Shard -1 holds the orders from before there was one.
    """

    __tablename__ = "order_changes"

    shard: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    order_id: Mapped[UUID] = mapped_column(index=True)


class OutboxDeadLetter(Base):
    """An event that Kafka refused for good. Its number went out in an `unpublishable` event; itself it waits here for a retry."""

    __tablename__ = "outbox_dead_letters"

    shard: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    event_id: Mapped[UUID]
    event_type: Mapped[str]
    account_id: Mapped[int]
    occurred_at: Mapped[datetime]
    body: Mapped[bytes]
    traceparent: Mapped[str | None]
    reason: Mapped[str]
    refused_at: Mapped[datetime] = mapped_column(server_default=func.now())
    discarded_at: Mapped[datetime | None]  # when an operator decided that it is never published
