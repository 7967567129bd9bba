"""The AsyncAPI document: valid by AsyncAPI's own schema, and whole."""

import json
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from ordercast.contracts.events import EVENT_TYPES, TYPE_NAMES
from ordercast.contracts.json_schema import event_schema
from ordercast.contracts.topics import ALL_TOPICS
from ordercast.infra.kafka.rights import RIGHTS
from ordercast.infra.local.ports import BASES, HOST
from ordercast.infra.local.processes import SERVICES
from ordercast.services.shared.event_contract.asyncapi import DEAD_LETTER, LOCAL, asyncapi_document

# schemas/3.0.0.json of npm's @asyncapi/specs 6.11.1 (Apache-2.0), as it is.
OFFICIAL: Final = Path(__file__).parents[4] / "support" / "asyncapi" / "3.0.0.json"
DOCUMENT: Final = asyncapi_document()


@pytest.fixture(scope="module")
def official() -> Draft7Validator:
    return Draft7Validator(json.loads(OFFICIAL.read_text()))


def test_the_document_is_valid_by_the_official_schema(official: Draft7Validator) -> None:
    assert [error.message for error in official.iter_errors(DOCUMENT)] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {**DOCUMENT, "asyncapi": "2.6.0"},
        {**DOCUMENT, "channels": {"orders": {"address": 1}}},
        {**DOCUMENT, "operations": {"one": {"action": "publish", "channel": {"$ref": "#/channels/orders"}}}},
    ],
)
def test_the_official_schema_refuses_what_is_no_such_document(official: Draft7Validator, wrong: dict[str, Any]) -> None:
    assert not official.is_valid(wrong)


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
