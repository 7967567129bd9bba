"""Recomputes the feature table, the trends, the activity by day and the predictions that were given from the source data, and
compares them with the worker's, field by field; and the last event of each product and account with what it is.

The source data are the orders in PostgreSQL, and the views and predictions in Kafka. Everything is taken of one moment (one
snapshot of the database, and the events up to the positions that it names), so it may run while orders and views come in. It goes
through the disk in slices by product: memory does not grow with the tables.

The numbers of the streams are looked at as well: which are missing, and which were seen that the outbox has not given.

Not compared: `orders_offset`, `views_offset` and `updated_at`, which tell of the worker's way and not of the data.
"""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import asyncpg
import pandas as pd

from ordercast.client.caught_up import caught_up_snapshot, view_positions
from ordercast.verify import spool as kinds
from ordercast.verify import tables
from ordercast.verify.compare import Difference, differences
from ordercast.verify.event_topics import EventTopic, open_prediction_topic, open_view_topic
from ordercast.verify.prediction_events import PredictionRow
from ordercast.verify.recompute import (
    PAIR,
    PAIR_DAY,
    PREDICTION,
    PRODUCT_DAY,
    PRODUCT_TREND,
    SHOP_TREND,
    added_up,
    expected_activity,
    expected_features,
    expected_predictions,
    expected_trends,
    not_older,
    without_carts,
    without_repeats,
)
from ordercast.verify.spool import Spool, slices_for
from ordercast.verify.states import States, read_states
from ordercast.verify.view_events import ViewRow

# Differences that are kept to be shown; all are counted.
KEPT_MAX: Final = 1_000

Step = Callable[[str], None]


@dataclass(slots=True)
class Verification:
    """What was compared, and how it differs."""

    feature_rows: int = 0
    trend_rows: int = 0
    activity_rows: int = 0
    order_items: int = 0
    views: int = 0
    carts: int = 0
    predictions: int = 0
    products: int = 0
    accounts: int = 0
    repeated_views: int = 0
    unreadable_records: int = 0
    unreadable_states: int = 0
    difference_count: int = 0
    differences: list[Difference] = field(default_factory=list)

    def keep(self, difference: Difference) -> None:
        self.difference_count += 1
        if len(self.differences) < KEPT_MAX:
            self.differences.append(difference)


async def verify(
    database_url: str, kafka_bootstrap: str, *, wait_s: float = 60.0, step: Step = lambda _: None
) -> Verification:
    """Compares the tables; `step` is told what is being done.

    Raises:
        NotCaughtUp: the feature table is still behind after `wait_s`.
        DatabaseUnavailable, KafkaUnavailable: one of them does not answer.
    """
    with TemporaryDirectory(prefix="ordercast-verify-") as folder:
        async with open_view_topic(kafka_bootstrap) as views, open_prediction_topic(kafka_bootstrap) as predictions:
            step("waiting until the feature table has caught up")
            async with caught_up_snapshot(
                database_url, views.ends, wait_s=wait_s, application="ordercast verify"
            ) as connection:
                spools = await _read(Path(folder), connection, views, predictions, kafka_bootstrap, step)
        step("recomputing")
        return await asyncio.to_thread(_compare, spools, views.partitions, views.unreadable + predictions.unreadable)


@dataclass(frozen=True, slots=True)
class _Spools:
    slices: int
    order_items: int
    numbers: Sequence[Difference]
    items: Spool
    views: Spool
    features: Spool
    product_trends: Spool
    shop_trends: Spool
    pair_activity: Spool
    product_activity: Spool
    predictions: Spool
    prediction_answers: Spool
    oldest_prediction: int
    states: Sequence[States]


async def _read(
    folder: Path,
    connection: asyncpg.Connection,
    view_topic: EventTopic[ViewRow],
    prediction_topic: EventTopic[PredictionRow],
    kafka_bootstrap: str,
    step: Step,
) -> _Spools:
    step("reading products and accounts")
    states = await read_states(folder, connection, kafka_bootstrap)
    positions = await view_positions(connection)
    count = slices_for(await tables.row_count(connection) + sum(positions.values()))
    with ExitStack() as stack:
        items, views, features, product_trends, pair_activity, product_activity, predictions, prediction_answers = (
            stack.enter_context(Spool(folder, name, schema, count))
            for name, schema in {
                "items": kinds.ORDER_ITEMS,
                "views": kinds.VIEWS,
                "features": kinds.FEATURES,
                "product_trends": kinds.PRODUCT_TRENDS,
                "pair_activity": kinds.PAIR_ACTIVITY,
                "product_activity": kinds.PRODUCT_ACTIVITY,
                "predictions": kinds.PREDICTIONS,
                "prediction_answers": kinds.PREDICTIONS,
            }.items()
        )
        shop_trends = stack.enter_context(Spool(folder, "shop_trends", kinds.SHOP_TRENDS, 1, dealt_by="partition"))
        step("reading orders")
        order_items = await tables.item_count(connection)
        numbers = await tables.number_differences(connection)
        await tables.read_into(items, connection, tables.ORDER_ITEMS_SQL)
        step("reading the feature table")
        await tables.read_into(features, connection, tables.FEATURES_SQL)
        await tables.read_into(product_trends, connection, tables.PRODUCT_TRENDS_SQL)
        await tables.read_into(shop_trends, connection, tables.SHOP_TRENDS_SQL)
        await tables.read_into(pair_activity, connection, tables.PAIR_ACTIVITY_SQL)
        await tables.read_into(product_activity, connection, tables.PRODUCT_ACTIVITY_SQL)
        await tables.read_into(prediction_answers, connection, tables.PREDICTIONS_SQL)
        step("reading views")
        async for rows in view_topic.read(positions):
            views.add(rows)
        step("reading predictions")
        async for made in prediction_topic.read(await tables.prediction_positions(connection)):
            predictions.add(made)
        oldest_prediction = await tables.oldest_prediction(connection)
    return _Spools(
        count,
        order_items,
        numbers,
        items,
        views,
        features,
        product_trends,
        shop_trends,
        pair_activity,
        product_activity,
        predictions,
        prediction_answers,
        oldest_prediction,
        states,
    )


def _compare(spools: _Spools, partitions: int, unreadable: int) -> Verification:
    result = Verification(
        feature_rows=spools.features.rows,
        trend_rows=spools.product_trends.rows + spools.shop_trends.rows,
        activity_rows=spools.pair_activity.rows + spools.product_activity.rows,
        order_items=spools.order_items,
        unreadable_records=unreadable,
    )
    result.products, result.accounts = (one.table.rows for one in spools.states)
    result.unreadable_states = sum(one.unreadable for one in spools.states)
    for difference in itertools.chain(spools.numbers, *(one.differences() for one in spools.states)):
        result.keep(difference)
    shop: list[pd.DataFrame] = []
    for number in range(spools.slices):
        items, all_views = spools.items.frame(number), spools.views.frame(number)
        events = without_repeats(all_views)
        views = without_carts(events)
        result.views += len(views)
        result.carts += len(events) - len(views)
        result.repeated_views += len(all_views) - len(events)
        features = expected_features(items, views, partitions)
        for difference in differences("feature_rows", PAIR, features, spools.features.frame(number)):
            result.keep(difference)
        pairs, products = expected_activity(items, events)
        for difference in differences("pair_activity", PAIR_DAY, pairs, spools.pair_activity.frame(number)):
            result.keep(difference)
        for difference in differences("product_activity", PRODUCT_DAY, products, spools.product_activity.frame(number)):
            result.keep(difference)
        made = expected_predictions(spools.predictions.frame(number), spools.oldest_prediction)
        answers = not_older(spools.prediction_answers.frame(number), spools.oldest_prediction)
        result.predictions += len(made)
        for difference in differences("prediction_answers", PREDICTION, made, answers):
            result.keep(difference)
        trends, of_shop = expected_trends(items, views, partitions)
        shop = [added_up([*shop, of_shop])]
        for difference in differences("product_trends", PRODUCT_TREND, trends, spools.product_trends.frame(number)):
            result.keep(difference)
    for difference in differences("shop_trends", SHOP_TREND, shop[0], spools.shop_trends.frame(0)):
        result.keep(difference)
    return result
