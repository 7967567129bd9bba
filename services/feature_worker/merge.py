"""Sets a batch's changes against what the table knows already: whose order is first, and which views came before it. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from ordercast.services.feature_worker.aggregate import FirstOrder, Pair, PairChange


class KnownFirst(NamedTuple):
    """The first order of a pair as its row has it."""

    ordered_at: datetime
    event_id: UUID


class Merged(NamedTuple):
    """A pair's change, ready to be written.

    `first` is the new first order, or None where the known one stays. `views_before` are the batch's own views that count
    as before the first order, by event time.
    """

    change: PairChange
    first: FirstOrder | None
    views_before: dict[datetime, int]


def merge(changes: Mapping[Pair, PairChange], known: Mapping[Pair, KnownFirst]) -> dict[Pair, Merged]:
    """The changes sorted by key. `known` are the first orders of those pairs that have one."""
    return {pair: _merge(changes[pair], known.get(pair)) for pair in sorted(changes)}


def _merge(change: PairChange, known: KnownFirst | None) -> Merged:
    first = change.first
    if first is not None and known is not None and (first.ordered_at, first.event_id) >= known:
        first = None
    first_at = first.ordered_at if first is not None else known.ordered_at if known is not None else None
    if first_at is None:
        return Merged(change, first, change.views)
    return Merged(change, first, {time: count for time, count in change.views.items() if time < first_at})
