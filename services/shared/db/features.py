"""Feature rows and the positions up to which they are true: written by feature_worker, read by trainer, predictor and verify."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import Index, Numeric, func, text
from sqlalchemy.orm import Mapped, mapped_column

from ordercast.services.shared.db.metadata import Base

# A day of any time zone is made of these: the offsets from UTC since 1972 are multiples of a quarter of an hour.
TREND_BUCKET: Final = timedelta(minutes=15)
# Without a scale: a sum is the same whatever parts it was added up in.
ACTIVITY_AMOUNT: Final = Numeric()


class FeatureRow(Base):
    """What is known of one account and one product. See `contracts.features` for the meaning of each feature."""

    __tablename__ = "feature_rows"

    account_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    product_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    first_ordered_at: Mapped[datetime | None]
    first_event_id: Mapped[UUID | None]  # breaks ties between orders of the same time
    first_quantity: Mapped[int | None]
    # None beside a first_quantity: a worker of the release before wrote the row; `ordercast features rebuild` fills it.
    first_order_quantity: Mapped[int | None]
    first_price: Mapped[Decimal | None]
    order_count: Mapped[int] = mapped_column(server_default=text("0"))
    total_quantity: Mapped[int] = mapped_column(server_default=text("0"))
    cancelled_quantity: Mapped[int] = mapped_column(server_default=text("0"))
    view_count: Mapped[int] = mapped_column(server_default=text("0"))
    views_before_first_order: Mapped[int] = mapped_column(server_default=text("0"))
    last_viewed_at: Mapped[datetime | None]
    last_ordered_at: Mapped[datetime | None]
    # The last event of each topic that changed this row; the account's partition is the same in both topics.
    partition: Mapped[int]
    orders_offset: Mapped[int | None]
    views_offset: Mapped[int | None]
    updated_at: Mapped[datetime]


class FeatureViewTime(Base):
    """Views by their event time, kept while a first order could still come after them.

    Only views before the first known order stay: a late order can move that moment earlier, never later.
    """

    __tablename__ = "feature_view_times"

    account_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    product_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    occurred_at: Mapped[datetime] = mapped_column(primary_key=True)
    count: Mapped[int]


class FeaturePosition(Base):
    """The next offset to read of a partition; it moves only in the transaction that writes the rows."""

    __tablename__ = "feature_positions"

    topic: Mapped[str] = mapped_column(primary_key=True)
    partition: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    next_offset: Mapped[int]
    updated_at: Mapped[datetime]


class FeatureLastSequence(Base):
    """The number of a producer's stream in a partition up to which all were seen: one that is as large or smaller is a repeat."""

    __tablename__ = "feature_last_sequences"
    __table_args__ = (Index(None, "seen_at"),)

    topic: Mapped[str] = mapped_column(primary_key=True)
    partition: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    producer: Mapped[str] = mapped_column(primary_key=True)
    last_sequence: Mapped[int]
    seen_at: Mapped[datetime]


class FeatureSequencesAhead(Base):
    """Numbers of a stream that were seen above its last sequence: between the two, numbers are missing."""

    __tablename__ = "feature_sequences_ahead"

    topic: Mapped[str] = mapped_column(primary_key=True)
    partition: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    producer: Mapped[str] = mapped_column(primary_key=True)
    first_sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last_sequence: Mapped[int]


class FeatureRepair(Base):
    """A repair of a stream whose numbers did not add up: what it did, who made it and why (`ordercast features repairs`)."""

    __tablename__ = "feature_repairs"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    topic: Mapped[str]
    partition: Mapped[int]
    producer: Mapped[str]
    at_offset: Mapped[int]  # the partition's position then: a rebuild makes the repair again there
    missing_up_to: Mapped[int | None]  # gaps below this number are told no more
    forgotten_above: Mapped[int | None]  # larger numbers counted as not seen from then on
    repaired_by: Mapped[str]
    reason: Mapped[str]
    repaired_at: Mapped[datetime] = mapped_column(server_default=func.now())


class TrendFigures:
    """What happened in a quarter of an hour (`TREND_BUCKET`, from `starts_at` on) by event time.

    `orders` are distinct orders. What is taken back counts when it is taken back, not when it was ordered. A row is there only
    where something happened, so there are never more of them than order lines and views, which the topics keep, too.
    """

    orders: Mapped[int] = mapped_column(server_default=text("0"))
    order_lines: Mapped[int] = mapped_column(server_default=text("0"))
    quantity: Mapped[int] = mapped_column(server_default=text("0"))
    cancelled_quantity: Mapped[int] = mapped_column(server_default=text("0"))
    views: Mapped[int] = mapped_column(server_default=text("0"))


class ProductTrend(TrendFigures, Base):
    """Of one product: an order of three products stands in the rows of each of them."""

    __tablename__ = "product_trends"

    product_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    starts_at: Mapped[datetime] = mapped_column(primary_key=True)

    # For the products that were ordered most in a week, of however many years there are rows.
    __table_args__ = (Index(None, "starts_at"),)


class ShopTrend(TrendFigures, Base):
    """Of the whole shop: an order of three products is one. Apart for each partition, so that workers do not wait here."""

    __tablename__ = "shop_trends"

    starts_at: Mapped[datetime] = mapped_column(primary_key=True)
    partition: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class ActivitySums:
    """What happened on `day`, as far as it came to be known on `known_on`, both UTC days of event time: the same day, but for
    what is taken back, whose `day` is the order's. See `contracts.activity` for the meaning of each sum.

    Rows with `known_on` before a day are what was known when it began. They never change once all events of before are in.
    """

    day: Mapped[date] = mapped_column(primary_key=True)
    known_on: Mapped[date] = mapped_column(primary_key=True)
    orders: Mapped[int] = mapped_column(server_default=text("0"))
    first_lines: Mapped[int] = mapped_column(server_default=text("0"))
    order_lines: Mapped[int] = mapped_column(server_default=text("0"))
    quantity: Mapped[int] = mapped_column(server_default=text("0"))
    amount: Mapped[Decimal] = mapped_column(ACTIVITY_AMOUNT, server_default=text("0"))
    cancelled_quantity: Mapped[int] = mapped_column(server_default=text("0"))
    views: Mapped[int] = mapped_column(server_default=text("0"))
    carts: Mapped[int] = mapped_column(server_default=text("0"))


class PairActivity(ActivitySums, Base):
    """Of one account with one product. Summed over its products it is the account's, whose orders are the `first_lines`."""

    __tablename__ = "pair_activity"

    account_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, sort_order=-2)
    product_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, sort_order=-1)


class ProductActivity(ActivitySums, Base):
    """Of all accounts with one product: the sum of its pairs."""

    __tablename__ = "product_activity"

    product_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, sort_order=-1)


# Predictions whose horizon began before so many days are deleted.
PREDICTIONS_KEPT_DAYS: Final = 180


class PredictionAnswer(Base):
    """What a model version said of a pair's days from `starts_on` to `ends_on` (UTC), both included: the first that it said.

    What was ordered in these days stands in `pair_activity` and is looked up when it is asked for, so that nothing can count twice.
    """

    __tablename__ = "prediction_answers"
    __table_args__ = (Index(None, "model_version", "starts_on"), Index(None, "starts_on"))

    account_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    product_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    starts_on: Mapped[date] = mapped_column(primary_key=True)
    model_version: Mapped[str] = mapped_column(primary_key=True)
    ends_on: Mapped[date]
    made_at: Mapped[datetime]
    order_probability: Mapped[float]
    expected_quantity: Mapped[float]
    low: Mapped[int]
    high: Mapped[int]
    level: Mapped[float]
    naive_quantity: Mapped[float]


class DailyTrend(Base):
    """Unused: workers of the release before write it during an upgrade. The next release drops it."""

    __tablename__ = "daily_trends"
    __table_args__ = (Index(None, "product_id", "day"),)

    day: Mapped[date] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    orders: Mapped[int] = mapped_column(server_default=text("0"))
    quantity: Mapped[int] = mapped_column(server_default=text("0"))
    views: Mapped[int] = mapped_column(server_default=text("0"))
