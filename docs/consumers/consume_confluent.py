"""Adds up what each account has ordered, from the topic `orders`, with confluent-kafka: `consume_confluent.py STATE_FILE`."""

import json
import os
import sys
from pathlib import Path

from confluent_kafka import Consumer, KafkaException, TopicPartition

STATE = Path(sys.argv[1])
SIGNS = {"ordercast.order.placed.v1": 1, "ordercast.order.cancelled.v1": -1}


def apply(state, record):
    """Counts a record once: repeats are known by their number, and a missing number by the next one."""
    state["positions"][str(record.partition())] = record.offset() + 1
    headers = {name: value.decode() for name, value in record.headers()}
    stream, number = f"{record.partition()} {headers['ce_producer']}", int(headers["ce_sequence"])
    last = state["streams"].get(stream, 0)
    if number <= last or headers["ce_producer"].startswith("replay:"):
        return  # a replay is of a record that Ordercast's own worker refused, and that was read here
    state["streams"][stream] = number
    if number > last + 1 and headers["ce_numbering"] == "dense":
        state["gaps"].append(f"{stream}: {last + 1} to {number - 1}")
        print("gap", state["gaps"][-1], file=sys.stderr)
    sign = SIGNS.get(headers["ce_type"])
    if sign is not None:  # types that it does not know are passed over
        event = json.loads(record.value())
        account = str(event["account_id"])
        pieces = sign * sum(item["quantity"] for item in event["items"])
        state["quantities"][account] = state["quantities"].get(account, 0) + pieces


def save(state):
    """Position and result in one step: after a kill either both are there or neither."""
    with STATE.with_suffix(".new").open("w") as file:
        json.dump(state, file)
        file.flush()
        os.fsync(file.fileno())
    STATE.with_suffix(".new").replace(STATE)


settings = {
    "bootstrap.servers": os.environ["ORDERCAST_KAFKA_BOOTSTRAP"],
    "security.protocol": os.environ.get("ORDERCAST_KAFKA_SECURITY_PROTOCOL", "SASL_SSL"),
    "sasl.mechanism": "SCRAM-SHA-512",
    "sasl.username": os.environ["ORDERCAST_KAFKA_USERNAME"],
    "sasl.password": os.environ["ORDERCAST_KAFKA_PASSWORD"],
    "group.id": "shop-totals",  # asked for, although the state file has the positions
    "enable.auto.commit": False,
    "auto.offset.reset": "error",  # for a position that the log does not have: by default it would go on at the end
}
if ca := os.environ.get("ORDERCAST_KAFKA_CA"):
    settings["ssl.ca.location"] = ca
empty = {"positions": {}, "streams": {}, "quantities": {}, "gaps": []}
state = json.loads(STATE.read_text()) if STATE.exists() else empty
consumer = Consumer(settings)
partitions = consumer.list_topics("orders", timeout=30).topics["orders"].partitions
consumer.assign([TopicPartition("orders", number, state["positions"].get(str(number), 0)) for number in partitions])
while True:
    for record in (records := consumer.consume(500, timeout=1)):
        if record.error():
            raise KafkaException(record.error())
        apply(state, record)
    if records:
        save(state)
