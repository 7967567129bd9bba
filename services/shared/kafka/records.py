"""What goes into a partition and what comes out of it."""

from dataclasses import dataclass
from typing import NamedTuple


class Partition(NamedTuple):
    topic: str
    number: int


@dataclass(frozen=True, slots=True)
class Record:
    """A record to publish.

    A record that is read may have no key: another program wrote it. `timestamp_ms` is when the event was accepted, in milliseconds
    since the epoch; when it happened is the event's own `ce_time`.
    """

    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]
    timestamp_ms: int


@dataclass(frozen=True, slots=True)
class StoredRecord(Record):
    """A record as it lies in a partition. A consumer that has applied it goes on at `offset + 1`."""

    partition: Partition
    offset: int
