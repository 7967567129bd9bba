"""Finds events of the outbox in Kafka by their numbers: it forgets them once they are published, and nobody notes their offsets."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final

from ordercast.contracts.because import sentence
from ordercast.contracts.envelope import EventRefused, decode_sequence
from ordercast.contracts.topics import ORDERS
from ordercast.services.order_api.orders.relay_outbox import PRODUCER
from ordercast.services.shared.kafka.errors import BrokerUnavailable
from ordercast.services.shared.kafka.ports import Consumer, ReadPositions
from ordercast.services.shared.kafka.records import Partition, StoredRecord

# Of one look: among so many records there is one of the outbox, unless a stranger wrote them all.
LOOK_RECORDS: Final = 20
LOOK_S: Final = 2.0
# One after the other that found nothing, though there is a record: a broker is slow, or gone without a word.
MOST_EMPTY_LOOKS: Final = 3
# By how far a number is from one that was seen: right at once where no relay repeated itself. After so many it goes on by halves,
# so that a log full of strangers' records is no reason to creep along.
MOST_GUESSES: Final = 4

OpenReader = Callable[[Collection[Partition], ReadPositions], AbstractAsyncContextManager[Consumer]]
# The first offset that a log holds, and the next one that it will get.
FindBounds = Callable[[Partition], Awaitable[tuple[int, int]]]


class FindPublished:
    def __init__(self, open_reader: OpenReader, find_bounds: FindBounds) -> None:
        self._open_reader = open_reader
        self._find_bounds = find_bounds

    async def __call__(self, shard: int, numbers: Sequence[int]) -> dict[int, StoredRecord]:
        """The records of those that the log holds, by number.

        Raises:
            BrokerUnavailable: Kafka does not answer, or not in time.
        """
        partition = Partition(ORDERS.name, shard)
        begin, end = await self._find_bounds(partition)
        position = begin

        async def read_position(_: Collection[Partition]) -> Mapping[Partition, int]:
            return {partition: position}

        async with self._open_reader([partition], read_position) as reader:

            async def first_from(offset: int) -> tuple[int, StoredRecord] | None:
                """The first record of the outbox at this offset or after it, with its number."""
                nonlocal position
                position = offset
                reader.reposition()
                empty = 0
                while position < end:
                    slices = await reader.poll(max_records=LOOK_RECORDS, timeout_s=LOOK_S)
                    for record in (record for piece in slices for record in piece.records):
                        position = record.offset + 1
                        if (number := number_of(record)) is not None:
                            return number, record
                    empty = 0 if slices else empty + 1
                    if empty == MOST_EMPTY_LOOKS:
                        raise BrokerUnavailable(sentence("kafka-too-slow"))
                return None

            found = {number: await _search(number, begin, end, first_from) for number in numbers}
        return {number: record for number, record in found.items() if record is not None}


async def _search(
    wanted: int, begin: int, end: int, first_from: Callable[[int], Awaitable[tuple[int, StoredRecord] | None]]
) -> StoredRecord | None:
    """Numbers rise by one from record to record, and fall where a relay repeats after a crash: between one that is too small and a
    later one that is not, the wanted one lies in any case.
    (While a repeat is under way the last numbers may be missed.)"""
    # Where it lies in a log that begins with number 1, and has nothing else in it.
    guess, guesses = wanted - 1, 0
    while begin < end:
        place = guess if guesses < MOST_GUESSES and begin <= guess < end else (begin + end) // 2
        guesses += place == guess
        found = await first_from(place)
        if found is None or found[1].offset >= end:
            end = place
            continue
        number, record = found
        if number == wanted:
            return record
        guess = record.offset + wanted - number
        if number < wanted:
            begin = record.offset + 1
        else:
            end = place
    return None


def number_of(record: StoredRecord) -> int | None:
    """None of what is not the outbox's: whoever may write to the topic could have put it there."""
    try:
        sequence = decode_sequence(record.headers)
    except EventRefused:
        return None
    return sequence.number if sequence is not None and sequence.producer == PRODUCER else None
