"""Tells a new event from a repeat by its number: pure, so that it can be tried with any stream.

Within one partition each producer's numbers only grow. Dense numbers grow by one, so a hole among them means that events
were lost; rising numbers may leave holes. The number of a record that was refused counts as seen: a repeat of it is not
refused a second time, and what comes after it is no gap.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ordercast.contracts.envelope import SequenceNumber
from ordercast.services.feature_worker.admit import Admitted, Refused
from ordercast.services.feature_worker.errors import SequenceGap
from ordercast.services.shared.kafka.dead_letters import dead_letter_id, is_replay, replay_producer
from ordercast.services.shared.kafka.records import Partition, StoredRecord


class Stream(NamedTuple):
    """One producer's numbers in one partition."""

    partition: Partition
    producer: str


class NewEvents(NamedTuple):
    """A batch without its repeats, in its order, and the last numbers of the streams that it moved."""

    events: list[Admitted | Refused]
    last_sequences: dict[Stream, int]
    repeats: Counter[str]  # by topic


def streams_of(batch: Iterable[Admitted | Refused]) -> set[Stream]:
    """The streams whose last sequences `drop_repeats` has to know."""
    return {Stream(item.record.partition, item.sequence.producer) for item in batch if item.sequence is not None}


def drop_repeats(batch: Iterable[Admitted | Refused], last_sequences: Mapping[Stream, int]) -> NewEvents:
    """What is new in a batch, in its order, given the last sequences of its streams.

    Raises:
        SequenceGap: a dense stream misses numbers.
    """
    new = NewEvents([], {}, Counter())
    known = dict(last_sequences)
    for item in batch:
        record, sequence = item.record, item.sequence
        if sequence is not None:
            stream = Stream(record.partition, sequence.producer)
            if not _is_new(record, sequence, known.get(stream)):
                new.repeats[record.partition.topic] += 1
                continue
            known[stream] = new.last_sequences[stream] = sequence.number
        new.events.append(item)
        if isinstance(item, Refused):
            # Opens the stream of its replay: only what was skipped may come again.
            opened = Stream(record.partition, replay_producer(dead_letter_id(record.partition, record.offset)))
            known[opened] = new.last_sequences[opened] = 0
    return new


def _is_new(record: StoredRecord, sequence: SequenceNumber, last: int | None) -> bool:
    if last is None and is_replay(sequence.producer):
        return False  # of an event that was never skipped: its dead letter was written, but not the skipping
    last = last or 0
    if sequence.number <= last:
        return False
    if sequence.numbering == "dense" and sequence.number != last + 1:
        raise SequenceGap(
            f"{record.partition.topic}/{record.partition.number} offset {record.offset}: {sequence.producer} goes from "
            f"{last} to {sequence.number}; {sequence.number - last - 1} events are missing"
        )
    return True
