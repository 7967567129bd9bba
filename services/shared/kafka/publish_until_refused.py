"""Publishing around a record that the broker refuses for good: finds it, so that the others get through."""

from collections.abc import Sequence
from typing import NamedTuple

from ordercast.services.shared.kafka.errors import RecordRefused
from ordercast.services.shared.kafka.ports import Publisher
from ordercast.services.shared.kafka.records import Record


class Outcome(NamedTuple):
    """The first `arrived` records arrived; `refusal` tells why the next one never will, None if there is none."""

    arrived: int
    refusal: RecordRefused | None


async def publish_until_refused(publisher: Publisher, topic: str, partition: int, records: Sequence[Record]) -> Outcome:
    """Publishes the records in order, up to the first one that is refused for good.

    A batch with such a record is refused whole, and the client does not tell which one it is: halves are sent until it stands
    alone, in about 2 log2(n) requests.

    Raises:
        BrokerUnavailable: some of a prefix of the records may have arrived.
    """
    arrived, end = 0, len(records)
    while arrived < len(records):
        try:
            await publisher.publish(topic, partition, records[arrived:end])
        except RecordRefused as refusal:
            arrived += refusal.arrived
            if end - arrived == 1:
                return Outcome(arrived, refusal)
            end = (arrived + end) // 2
        else:
            # The refused one comes soon: each half was half of what it had to be in.
            arrived, end = end, min(len(records), end + max(1, end - arrived))
    return Outcome(arrived, None)
