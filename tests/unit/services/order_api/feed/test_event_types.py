"""Which event types the feed has, and by which names."""

import pytest

from ordercast.services.order_api.errors import UnknownEventTypes
from ordercast.services.order_api.feed.event_types import TOPICS, parse_types, short_name, topics_of


def test_a_name_leaves_out_what_all_have_and_the_version() -> None:
    assert short_name("ordercast.order.placed.v1") == "order.placed"


def test_all_types_are_there_and_none_is_a_dead_letter() -> None:
    assert parse_types(None) == frozenset(TOPICS)
    assert {topic.name for topic in topics_of(TOPICS)} == {
        "accounts",
        "models",
        "orders",
        "predictions",
        "products",
        "views",
    }


def test_only_the_topics_of_what_is_asked_for_are_read() -> None:
    types = parse_types("order.placed, order.cancelled,product.changed")
    assert types == {"order.placed", "order.cancelled", "product.changed"}
    assert [topic.name for topic in topics_of(types)] == ["orders", "products"]


@pytest.mark.parametrize("text", ["order.lost", "order.placed,", "", "ordercast.order.placed.v1"])
def test_an_unknown_type_is_refused_with_those_that_there_are(text: str) -> None:
    with pytest.raises(UnknownEventTypes) as refusal:
        parse_types(text)
    assert "order.placed, order.unpublishable" in refusal.value.fields["types"]
