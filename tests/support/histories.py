"""Hypothesis makes up what happens in a shop and how its events reach the worker."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from hypothesis import strategies as st

from ordercast.contracts.envelope import SequenceNumber
from ordercast.services.shared.kafka.records import Partition, Record
from tests.support.event_streams import (
    Cancellation,
    Fact,
    Line,
    Numbers,
    Order,
    View,
    place_of,
    record_of,
)

PARTITIONS: Final = 2
# Few accounts, products and times, so that they meet: the same pair, the same moment, both sides of midnight.
ACCOUNTS: Final = st.integers(1, 3)
PRODUCTS: Final = st.integers(1, 2)
TIMES: Final = st.integers(0, 3).map(lambda step: datetime(2026, 3, 1, 20, tzinfo=UTC) + timedelta(hours=2 * step))
LINES: Final = st.lists(
    st.builds(
        Line, PRODUCTS, st.integers(1, 5), st.sampled_from([Decimal("1.0000"), Decimal("2.5000"), Decimal("9.9999")])
    ),
    min_size=1,
    max_size=3,
).map(tuple)
IDS: Final = st.uuids()

FACTS: Final = st.lists(
    st.one_of(
        st.builds(Order, ACCOUNTS, TIMES, LINES, IDS),
        st.builds(Cancellation, ACCOUNTS, TIMES, LINES, IDS, st.none() | TIMES),
        st.builds(View, ACCOUNTS, PRODUCTS, TIMES, st.integers(1, 4), IDS, st.booleans()),
    ),
    max_size=25,
    unique_by=lambda fact: fact.id,
)


@dataclass(frozen=True)
class History:
    """Facts, and the logs that tell of them. A stranger's facts come without a number, so they are refused at first."""

    facts: Sequence[Fact]
    strangers: Sequence[Fact]
    logs: Mapping[Partition, Sequence[Record]]

    @property
    def known_facts(self) -> list[Fact]:
        return [fact for fact in self.facts if fact not in self.strangers]


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Facts published in an order of their own, whatever their times, with poison, forgeries and repeats in between."""
    facts = draw(FACTS)
    strangers = draw(st.lists(st.sampled_from(facts), max_size=3, unique_by=lambda fact: fact.id)) if facts else []
    numbers = Numbers()
    logs: defaultdict[Partition, list[Record]] = defaultdict(list)
    for fact in draw(st.permutations(facts)):
        place = place_of(fact, PARTITIONS)
        if draw(st.integers(0, 9)) == 0:
            logs[place].append(_poison(fact, _number(draw, numbers, fact)))
        if draw(st.integers(0, 9)) == 0:
            logs[place].append(_forged(draw, fact))
        logs[place].append(record_of(fact, None if fact in strangers else _number(draw, numbers, fact)))
    return History(facts, strangers, {place: _repeated(draw, log) for place, log in logs.items()})


def _number(draw: st.DrawFn, numbers: Numbers, fact: Fact) -> SequenceNumber:
    place = place_of(fact, PARTITIONS)
    if not isinstance(fact, View):
        return numbers.next(place, "outbox")
    viewer = draw(st.sampled_from(["viewer-a", "viewer-b", "key:1:batch"]))
    if not viewer.startswith("key:"):
        return numbers.next(place, viewer)
    for _ in range(draw(st.integers(0, 2))):  # lines of the batch that lie in other partitions
        numbers.next(place, viewer, "rising")
    return numbers.next(place, viewer, "rising")


def _poison(fact: Fact, sequence: SequenceNumber) -> Record:
    """A record that is no event, though it has taken a number."""
    record = record_of(fact, sequence)
    return Record(record.key, b"{not json", record.headers, record.timestamp_ms)


def _forged(draw: st.DrawFn, fact: Fact) -> Record:
    """Junk of somebody who uses our streams' names, with a number that none of ours has yet, or that nobody gives."""
    producer = draw(st.sampled_from(["outbox", "viewer-a", "replay:orders:0:1", "replay:views:0:1"]))
    record = _poison(fact, SequenceNumber(producer, 1))
    number = str(draw(st.one_of(st.integers(1_000, 1_003), st.just(2**63 - 1), st.integers(-1, 0)))).encode()
    forged = {"ce_sequence": number, "ce_numbering": draw(st.sampled_from([b"dense", b"rising"]))}
    headers = [(name, forged.get(name, value)) for name, value in record.headers]
    return Record(record.key, record.value, headers, record.timestamp_ms)


def _repeated(draw: st.DrawFn, log: list[Record]) -> list[Record]:
    """The log, with some numbered records once more further down: a relay that crashed, a client that tried again."""
    numbered = [index for index, record in enumerate(log) if any(name == "ce_sequence" for name, _ in record.headers)]
    repeats = draw(st.lists(st.sampled_from(numbered), max_size=4)) if numbered else []
    result = list(log)
    for index in repeats:
        first = result.index(log[index])
        result.insert(draw(st.integers(first + 1, len(result))), log[index])
    return result
