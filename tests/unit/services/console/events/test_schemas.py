"""What order_api is asked for, of what a page of events is asked."""

import json
from pathlib import Path
from typing import Final

import pytest

from ordercast.contracts.events import EVENT_TYPES, TYPE_NAMES
from ordercast.contracts.topics import ALL_TOPICS
from ordercast.services.console.events.schemas import EventsQuestion
from ordercast.services.console.events.whose import Of, short_name

GOLDEN: Final = Path(__file__).parents[3] / "contracts" / "golden"
TOPICS: Final = {short_name(TYPE_NAMES[event]): topic.name for topic in ALL_TOPICS for event in topic.events}


def topics(of: Of) -> set[str]:
    return {TOPICS[name] for name in EventsQuestion(key="7", of=of).types or TOPICS}


def test_no_topic_is_read_whose_events_cannot_be_of_them() -> None:
    assert topics("order") == {"orders"}
    assert topics("account") == {"orders", "views", "predictions", "accounts"}
    assert topics("product") == {"orders", "views", "predictions", "products"}
    assert topics("key") == set(TOPICS.values())


@pytest.mark.parametrize("name", sorted(EVENT_TYPES))
def test_each_type_is_asked_for_of_whatever_it_names(name: str) -> None:
    body = json.loads((GOLDEN / f"{name}.json").read_text())["body"]
    of: Of
    for of in ("account", "product", "order"):
        names_one = any(f"{of}_id" in each for each in (body, *body.get("items", [])))
        assert (short_name(name) in (EventsQuestion(key="7", of=of).types or ())) == names_one


def test_one_type_is_that_one_and_without_an_id_they_are_all() -> None:
    assert EventsQuestion(type="order.placed", key="7", of="account").types == ("order.placed",)
    assert EventsQuestion(of="account").types is None
