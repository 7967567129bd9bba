"""The AsyncAPI 3.0 document of the topics: made from the table of topics and the event types."""

import re
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any, Final

from ordercast.contracts.event_headers import DEAD_LETTER_HEADERS, EVENT_HEADERS
from ordercast.contracts.events import EVENT_TYPES, TYPE_NAMES
from ordercast.contracts.json_schema import body_schemas, example_of
from ordercast.contracts.topics import ALL_TOPICS, DEAD_LETTERS, Topic
from ordercast.services.shared.kafka.topics import TopicSettings, topic_configs

Document = dict[str, Any]

KAFKA_BINDING: Final = "0.5.0"
# Where the broker of `ordercast up` listens.
LOCAL: Final = ("127.0.0.1", "19092")
DEAD_LETTER: Final = "dead-letter"
_SCHEMAS: Final = "#/components/schemas/"
_ABOUT: Final = """The topics are a published contract: CloudEvents 1.0 in Kafka's binary mode (attributes are headers, `ce_...`),
with bodies in JSON.

A published version of an event never changes its meaning: a new field has a default, anything else is a new version with a new
type name. Pass over fields, headers and types that you do not know.

Each numbered event says its stream (`ce_producer`) and its number there (`ce_sequence`). Keep the last number of each stream in
each partition: what is not above it is a repeat, and where `ce_numbering` is dense, a number that is missing is a loss."""
# Settings of a topic that are told; the others bound what producers may send.
_TOLD: Final = ("cleanup.policy", "retention.ms", "retention.bytes", "max.message.bytes")


def asyncapi_document() -> Document:
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Ordercast events",
            "version": version("ordercast"),
            "description": _ABOUT,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": _servers(),
        "channels": {topic.name: _channel(topic) for topic in ALL_TOPICS},
        "operations": {name: said for topic in ALL_TOPICS for name, said in _operations(topic)},
        "components": {
            "messages": {**{name: _message(name) for name in EVENT_TYPES}, DEAD_LETTER: _dead_letter()},
            "schemas": body_schemas(_SCHEMAS, *EVENT_TYPES),
            "securitySchemes": {"scram": {"type": "scramSha512", "description": "a user of Kafka and its password"}},
        },
    }


def _servers() -> Document:
    variables = {"host": {"default": LOCAL[0]}, "port": {"default": LOCAL[1]}}
    login = [{"$ref": "#/components/securitySchemes/scram"}]
    common = {"host": "{host}:{port}", "variables": variables, "security": login}
    return {
        "local": {
            **common,
            "protocol": "kafka",
            "description": "SASL_PLAINTEXT on the loopback interface: `ordercast up`",
        },
        "cluster": {**common, "protocol": "kafka-secure", "description": "SASL_SSL, on brokers of your own"},
    }


def _channel(topic: Topic) -> Document:
    configs = topic_configs(topic, replication=1)
    told = {key: _value(key, configs[key]) for key in _TOLD}
    partitions = topic.partitions or TopicSettings.model_fields["partitions"].default
    count = f"{partitions} partitions" if partitions > 1 else "1 partition"
    varies = " unless ORDERCAST_PARTITIONS says otherwise" if topic.partitions is None else ""
    return {
        "address": topic.name,
        "title": topic.name,
        "summary": topic.about,
        "description": f"{topic.about} {topic.delivery} The key is the {topic.key}. {count}{varies}. "
        f"{_kept(told)} Written by {topic.producers}; read by {topic.consumers}.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _messages_of(topic)},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": partitions,
                "topicConfiguration": told,
                "bindingVersion": KAFKA_BINDING,
            }
        },
    }


def _value(key: str, value: str) -> Any:
    return value.split(",") if key == "cleanup.policy" else int(value)


def _kept(told: Document) -> str:
    if "compact" in told["cleanup.policy"]:
        return "The newest record of each key is kept."
    return (
        "Records are kept for good." if told["retention.ms"] == -1 else f"Records are kept {told['retention.ms']} ms."
    )


def _messages_of(topic: Topic) -> list[str]:
    return [TYPE_NAMES[event] for event in topic.events] or [DEAD_LETTER]


def _operations(topic: Topic) -> Iterator[tuple[str, Document]]:
    """Who writes and who reads it; Kafka's ACLs are compared with the same words (`infra/kafka/rights.py`)."""
    for action, verb, parties in (("send", "writes", topic.producers), ("receive", "reads", topic.consumers)):
        for party in parties.split(", "):
            yield (
                f"{party.replace(' ', '-')}.{action}.{topic.name}",
                {
                    "action": action,
                    "channel": {"$ref": f"#/channels/{topic.name}"},
                    "title": f"{party} {verb} {topic.name}",
                    "messages": [{"$ref": f"#/channels/{topic.name}/messages/{name}"} for name in _messages_of(topic)],
                },
            )


def _message(event_type: str) -> Document:
    struct = EVENT_TYPES[event_type]
    topic = next(topic for topic in ALL_TOPICS if struct in topic.events)
    summary = re.split(r"(?<=\.)\s", (struct.__doc__ or struct.__name__).strip(), maxsplit=1)[0]
    typed = {**EVENT_HEADERS["properties"]["ce_type"], "const": event_type}
    headers = {**EVENT_HEADERS, "properties": {**EVENT_HEADERS["properties"], "ce_type": typed}}
    schemas = body_schemas(_SCHEMAS, event_type)
    body = example_of(schemas[struct.__name__], schemas)
    return {
        "name": event_type,
        "title": struct.__name__,
        "summary": summary,
        "contentType": "application/json",
        "headers": headers,
        "payload": {"$ref": f"{_SCHEMAS}{struct.__name__}"},
        "bindings": _key_binding(topic),
        "examples": [{"headers": _header_example(headers), "payload": body}],
    }


def _dead_letter() -> Document:
    return {
        "name": DEAD_LETTER,
        "title": "DeadLetter",
        "summary": "A record that was refused, as it was.",
        "contentType": "application/octet-stream",
        "headers": {
            **DEAD_LETTER_HEADERS,
            "description": "Behind them the headers of the record itself follow, each with `original_` before its name.",
        },
        "payload": {"description": "the record's own bytes, whatever they are"},
        "bindings": _key_binding(DEAD_LETTERS),
        "examples": [{"headers": _header_example(DEAD_LETTER_HEADERS), "payload": ""}],
    }


def _key_binding(topic: Topic) -> Document:
    return {"kafka": {"key": {"type": "string", "description": topic.key}, "bindingVersion": KAFKA_BINDING}}


def _header_example(headers: Document) -> Document:
    return {name: header.get("const") or example_of(header, {}) for name, header in headers["properties"].items()}
