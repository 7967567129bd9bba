"""The AsyncAPI document is whole, and of the code; integration/test_asyncapi_schema.py asks AsyncAPI's own schema."""

from collections import Counter
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator

from ordercast.contracts.events import EVENT_TYPES, TYPE_NAMES
from ordercast.contracts.json_schema import event_schema
from ordercast.contracts.topics import ALL_TOPICS
from ordercast.infra.kafka.rights import RIGHTS
from ordercast.infra.local.ports import BASES, HOST
from ordercast.infra.local.processes import SERVICES
from ordercast.services.shared.event_contract.asyncapi import DEAD_LETTER, LOCAL, asyncapi_document

DOCUMENT: Final = asyncapi_document()


def test_each_topic_and_each_event_type_stands_in_it_once() -> None:
    assert list(DOCUMENT["channels"]) == [topic.name for topic in ALL_TOPICS]
    held = Counter(name for channel in DOCUMENT["channels"].values() for name in channel["messages"])
    assert held == Counter([*EVENT_TYPES, DEAD_LETTER])
    assert DOCUMENT["components"]["messages"].keys() == held.keys()


def test_operations_are_what_services_may_do_and_anyone_reads_what_is_published() -> None:
    said = {
        (title.split()[-3], operation["action"], title.split()[-1])
        for operation in DOCUMENT["operations"].values()
        if (title := operation["title"])
    }
    actions = {"READ": "receive", "WRITE": "send"}
    allowed = {
        (right.role, actions[right.operation], right.name)
        for right in RIGHTS
        if right.kind == "TOPIC" and right.role in SERVICES
    }
    assert {one for one in said if one[0] in SERVICES} == allowed
    for topic in ALL_TOPICS:
        assert (("anyone", "receive", topic.name) in said) == bool(topic.events)


def test_the_local_server_is_where_the_embedded_broker_listens() -> None:
    assert (HOST, str(BASES["kafka"])) == LOCAL


def test_every_reference_leads_to_something() -> None:
    def references(part: Any) -> list[str]:
        if isinstance(part, dict):
            return [part["$ref"]] if "$ref" in part else [one for value in part.values() for one in references(value)]
        return [one for value in part for one in references(value)] if isinstance(part, list) else []

    assert len(references(DOCUMENT)) > 50
    for reference in references(DOCUMENT):
        found: Any = DOCUMENT
        for name in reference.removeprefix("#/").split("/"):
            found = found[name]


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_examples_are_events(name: str) -> None:
    message = DOCUMENT["components"]["messages"][name]
    [example] = message["examples"]
    Draft202012Validator(event_schema(name)).validate(example["payload"])
    Draft202012Validator(message["headers"]).validate(example["headers"])
    assert example["headers"]["ce_type"] == name == TYPE_NAMES[EVENT_TYPES[name]]


def test_a_topic_says_its_key_partitions_and_what_it_keeps() -> None:
    orders = DOCUMENT["channels"]["orders"]
    assert "The key is the account id. 8 partitions unless ORDERCAST_PARTITIONS" in orders["description"]
    assert orders["bindings"]["kafka"]["topicConfiguration"]["retention.ms"] == -1
    assert DOCUMENT["channels"]["models"]["bindings"]["kafka"]["partitions"] == 1
