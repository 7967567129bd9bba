"""Adds up what each account has ordered, from the topic `orders`, with aiokafka: `python consume_aiokafka.py STATE_FILE`."""

import asyncio
import json
import os
import sys
from pathlib import Path

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.helpers import create_ssl_context

STATE = Path(sys.argv[1])
SIGNS = {"ordercast.order.placed.v1": 1, "ordercast.order.cancelled.v1": -1}
PROTOCOL = os.environ.get("ORDERCAST_KAFKA_SECURITY_PROTOCOL", "SASL_SSL")


def apply(state, record):
    """Counts a record once: repeats are known by their number, and a missing number by the next one."""
    state["positions"][str(record.partition)] = record.offset + 1
    headers = {name: value.decode() for name, value in record.headers}
    stream, number = f"{record.partition} {headers['ce_producer']}", int(headers["ce_sequence"])
    last = state["streams"].get(stream, 0)
    if number <= last or headers["ce_producer"].startswith("replay:"):
        return  # a replay is of a record that Ordercast's own worker refused, and that was read here
    state["streams"][stream] = number
    if number > last + 1 and headers["ce_numbering"] == "dense":
        state["gaps"].append(f"{stream}: {last + 1} to {number - 1}")
        print("gap", state["gaps"][-1], file=sys.stderr)
    sign = SIGNS.get(headers["ce_type"])
    if sign is not None:  # types that it does not know are passed over
        event = json.loads(record.value)
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


async def main(state):
    consumer = AIOKafkaConsumer(
        bootstrap_servers=os.environ["ORDERCAST_KAFKA_BOOTSTRAP"],
        security_protocol=PROTOCOL,
        ssl_context=create_ssl_context(cafile=os.environ.get("ORDERCAST_KAFKA_CA")) if PROTOCOL == "SASL_SSL" else None,
        sasl_mechanism="SCRAM-SHA-512",
        sasl_plain_username=os.environ["ORDERCAST_KAFKA_USERNAME"],
        sasl_plain_password=os.environ["ORDERCAST_KAFKA_PASSWORD"],
        enable_auto_commit=False,
        auto_offset_reset="none",  # a position that the log does not have is an error: by default it would go on at the end
    )
    async with consumer:
        await consumer.end_offsets([TopicPartition("orders", 0)])  # so that the client knows the topic
        partitions = [TopicPartition("orders", number) for number in consumer.partitions_for_topic("orders")]
        consumer.assign(partitions)
        for partition in partitions:
            consumer.seek(partition, state["positions"].get(str(partition.partition), 0))
        while True:
            for records in (await consumer.getmany(timeout_ms=1000, max_records=500)).values():
                for record in records:
                    apply(state, record)
                save(state)


empty = {"positions": {}, "streams": {}, "quantities": {}, "gaps": []}
asyncio.run(main(json.loads(STATE.read_text()) if STATE.exists() else empty))
