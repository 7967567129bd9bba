"""Where a reader of the feed is, as the text of an SSE id: `orders:12,,7;products:3`, the next offset of each partition.

An offset of 0 is left out. An id says all that there is to know, so any process can go on from it.
"""

import re
from collections.abc import Mapping
from typing import Final

from ordercast.services.order_api.errors import InvalidEventId
from ordercast.services.shared.kafka.records import Partition

# An offset is a bigint.
_OFFSETS: Final = re.compile(r"(\d{0,18})(,\d{0,18})*", re.ASCII)


class Place:
    """Where a reader is. Each event has an id that says so, and one move changes one of maybe hundreds of offsets: their texts are
    kept, and an id joins them."""

    def __init__(self, positions: Mapping[Partition, int]) -> None:
        self._positions = dict(positions)
        self._offsets: dict[str, dict[int, str]] = {}
        for partition in sorted(positions):
            self._offsets.setdefault(partition.topic, {})[partition.number] = str(positions[partition] or "")
        self._topics = dict.fromkeys(self._offsets, "")
        self._moved = set(self._offsets)

    @property
    def positions(self) -> Mapping[Partition, int]:
        return self._positions

    def move(self, partition: Partition, offset: int) -> None:
        self._positions[partition] = offset
        self._offsets[partition.topic][partition.number] = str(offset or "")
        self._moved.add(partition.topic)

    @property
    def id(self) -> str:
        for topic in self._moved:
            self._topics[topic] = f"{topic}:{','.join(self._offsets[topic].values())}"
        self._moved.clear()
        return ";".join(self._topics.values())


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
