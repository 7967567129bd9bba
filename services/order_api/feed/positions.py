"""Where a reader of the feed is, as the text of an SSE id: `orders:12,,7;products:3`, the next offset of each partition.

An offset of 0 is left out. An id says all that there is to know, so any process can go on from it.
"""

import re
from collections.abc import Mapping
from itertools import groupby
from typing import Final

from ordercast.services.order_api.errors import InvalidEventId
from ordercast.services.shared.kafka.records import Partition

# An offset is a bigint.
_OFFSETS: Final = re.compile(r"(\d{0,18})(,\d{0,18})*", re.ASCII)


def format_positions(positions: Mapping[Partition, int]) -> str:
    by_topic = groupby(sorted(positions), key=lambda partition: partition.topic)
    return ";".join(
        f"{topic}:{','.join(str(positions[partition] or '') for partition in partitions)}"
        for topic, partitions in by_topic
    )


def parse_positions(text: str, wanted: Mapping[str, int]) -> dict[Partition, int]:
    """The positions in these topics, each with so many partitions. Those in others are passed over.

    Raises:
        InvalidEventId: it is no id of the feed, or one for other topics or of another system.
    """
    offsets = dict[str, str]()
    for part in text.split(";"):
        topic, colon, listed = part.partition(":")
        if not colon or topic in offsets or not _OFFSETS.fullmatch(listed):
            raise InvalidEventId("Last-Event-ID is not the id of an event of this feed")
        offsets[topic] = listed
    positions = dict[Partition, int]()
    for topic, count in wanted.items():
        if topic not in offsets:
            raise InvalidEventId(
                f"Last-Event-ID says nothing of the topic {topic}: it comes from a feed of other types"
            )
        numbers = offsets[topic].split(",")
        if len(numbers) != count:
            raise InvalidEventId(
                f"Last-Event-ID has {len(numbers)} partitions of the topic {topic}, and there are {count}"
            )
        positions |= {Partition(topic, number): int(offset or 0) for number, offset in enumerate(numbers)}
    return positions
