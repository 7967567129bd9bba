"""The recomputed tables are those of one event after the other."""

import pandas as pd
import pytest
from hypothesis import given, settings

from ordercast.verify.compare import differences
from ordercast.verify.recompute import (
    PAIR,
    PAIR_DAY,
    PRODUCT_DAY,
    PRODUCT_TREND,
    SHOP_TREND,
    added_up,
    expected_activity,
    expected_features,
    expected_trends,
    without_carts,
    without_repeats,
)
from tests.support.oracle_features import (
    Item,
    View,
    features_frame,
    items_frame,
    pair_activity_frame,
    plain_activity,
    plain_features,
    plain_trends,
    product_activity_frame,
    product_trends_frame,
    shop_trends_frame,
    views_frame,
)
from tests.support.order_histories import histories

PARTITIONS = 4


@pytest.mark.no_cover  # other tests run these lines; traced, it takes three times as long
@settings(max_examples=60)
@given(histories())
def test_the_recomputed_tables_are_those_of_one_event_after_the_other(history: tuple[list[Item], list[View]]) -> None:
    items, events = history
    pairs, products = expected_activity(items_frame(items), views_frame(events))
    plain_pairs, plain_products = plain_activity(items, events)
    assert list(differences("pair_activity", PAIR_DAY, pairs, pair_activity_frame(plain_pairs))) == []
    assert list(differences("product_activity", PRODUCT_DAY, products, product_activity_frame(plain_products))) == []
    assert without_carts(views_frame(events))["event_id"].tolist() == [v.event_id for v in events if not v.is_cart]
    views = [view for view in events if not view.is_cart]
    features = expected_features(items_frame(items), views_frame(views), PARTITIONS)
    plain = features_frame(list(plain_features(items, views, PARTITIONS).values()))
    assert list(differences("feature_rows", PAIR, features, plain)) == []
    of_products, shop = plain_trends(items, views, PARTITIONS)
    # As verify does it: product by product.
    parts = [
        expected_trends(
            items_frame([item for item in items if item.product_id == product]),
            views_frame([view for view in views if view.product_id == product]),
            PARTITIONS,
        )
        for product in range(1, 4)
    ]
    assert (
        list(
            differences(
                "product_trends", PRODUCT_TREND, pd.concat([p for p, _ in parts]), product_trends_frame(of_products)
            )
        )
        == []
    )
    assert list(differences("shop_trends", SHOP_TREND, added_up([s for _, s in parts]), shop_trends_frame(shop))) == []


def test_a_repeated_view_counts_once() -> None:
    views = views_frame([View(1, 2, "a", 5, 7), View(1, 2, "b", 5, 7), View(1, 2, "a", 5, 7)])
    assert without_repeats(views)["count"].sum() == 10


def test_amounts_beyond_64_bits_are_compared_all_the_same() -> None:
    items = [Item(1, 2, "order", line, 1_000_000, 999_999_999_999, 0, 0, True, False) for line in range(1, 2_001)]
    pairs, _ = expected_activity(items_frame(items), views_frame([]))
    assert pairs["amount"].tolist() == [2_000 * 1_000_000 * 999_999_999_999 % 2**62]
