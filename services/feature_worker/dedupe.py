"""Tells a new event from a repeat by its number: pure, so that it can be tried with any stream.

Within one partition each producer's numbers only grow. Dense numbers grow by one, so a hole among them means that events
were lost, or that a stranger gave himself a number: what comes after the hole counts, and so do the missing numbers if they come
after all. Rising numbers may leave holes. The number of a record that was refused counts as seen: a repeat of it is not
refused a second time, and what comes after it is no gap.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ordercast.contracts.envelope import SequenceNumber
from ordercast.services.feature_worker.seen import MAX_RUNS, Seen
from ordercast.services.shared.kafka.admit import Admitted, Refused, TooManyGaps
from ordercast.services.shared.kafka.dead_letters import dead_letter_id, is_replay, replay_producer
from ordercast.services.shared.kafka.records import Partition


class Stream(NamedTuple):
    """One producer's numbers in one partition."""

    partition: Partition
    producer: str


class NewEvents(NamedTuple):
    """A batch without its repeats, in its order, and what has been seen of the streams that it moved."""

    events: list[Admitted | Refused]
    seen: dict[Stream, Seen]
    repeats: Counter[str]  # by topic


def streams_of(batch: Iterable[Admitted | Refused]) -> set[Stream]:
    """The streams of which `drop_repeats` has to know what has been seen."""
    return {Stream(item.record.partition, item.sequence.producer) for item in batch if item.sequence is not None}


def drop_repeats(batch: Iterable[Admitted | Refused], seen: Mapping[Stream, Seen]) -> NewEvents:
    """What is new in a batch, in its order, given what has been seen of its streams."""
    new = NewEvents([], {}, Counter())
    known = dict(seen)
    for item in batch:
        record, sequence = item.record, item.sequence
        event = item
        if sequence is not None:
            stream = Stream(record.partition, sequence.producer)
            before = known.get(stream)
            if _is_repeat(sequence, before):
                new.repeats[record.partition.topic] += 1
                continue
            after = _plus(before or Seen(), sequence)
            if len(after.ahead) > MAX_RUNS:
                reason = f"{TooManyGaps.__name__}: {sequence.producer} has more than {MAX_RUNS:,} gaps"
                event = Refused(record, reason, None, TooManyGaps)
            else:
                known[stream] = new.seen[stream] = after
        new.events.append(event)
        if isinstance(event, Refused):
            # Opens the stream of its replay: only what was skipped may come again.
            opened = Stream(record.partition, replay_producer(dead_letter_id(record.partition, record.offset)))
            known[opened] = new.seen[opened] = Seen()
    return new


def _is_repeat(sequence: SequenceNumber, before: Seen | None) -> bool:
    if before is None:
        # A replay of an event that was never skipped: its dead letter was written, but not the skipping.
        return is_replay(sequence.producer)
    return before.has(sequence.number)


def _plus(before: Seen, sequence: SequenceNumber) -> Seen:
    return before.plus(sequence.number) if sequence.numbering == "dense" else Seen(sequence.number)
