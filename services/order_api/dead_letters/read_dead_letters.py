"""Dead letters with what became of them, the newest first, out of the last records of their topic."""

from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from ordercast.contracts.because import sentence
from ordercast.services.order_api.dead_letters.check_record import event_type_of
from ordercast.services.order_api.errors import DeadLetterNotFound
from ordercast.services.shared.db.dead_letter_states import State, dead_letter_states
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.kafka.dead_letters import DeadLetter
from ordercast.services.shared.kafka.records import Partition

# Records of the topic that are looked at, and bytes of them all: one may have 600 kB. `ordercast dead-letters list` shows those
# from before.
NEWEST: Final = 2_000
NEWEST_BYTES: Final = 64 << 20
# Of so many it is asked at once what became of them.
_AT_ONCE: Final = 500

# The dead letters in so many of the last records of the topic, or in fewer with so many bytes, the newest first.
ReadNewest = Callable[[int, int], AsyncGenerator[DeadLetter, None]]


@dataclass(frozen=True, slots=True)
class Summary:
    """A dead letter without its record, which may be large. `accepted_at` is the record's time in Kafka."""

    id: str
    origin: Partition
    offset: int
    key: str
    event_type: str | None
    reason: str
    accepted_at: datetime
    is_cut: bool

    @classmethod
    def of(cls, dead_letter: DeadLetter) -> "Summary":
        record = dead_letter.record
        return cls(
            id=dead_letter.id,
            origin=dead_letter.origin,
            offset=dead_letter.offset,
            key=(record.key or b"").decode(errors="replace"),
            event_type=event_type_of(record.headers),
            reason=dead_letter.reason,
            accepted_at=datetime.fromtimestamp(record.timestamp_ms / 1000, UTC),
            is_cut=dead_letter.is_cut,
        )


class ReadDeadLetters:
    def __init__(self, sessions: Sessions, read_newest: ReadNewest) -> None:
        self._sessions = sessions
        self._read_newest = read_newest

    async def page(
        self, state: State | None, *, limit: int, starting_after: str | None
    ) -> tuple[Sequence[tuple[Summary, State]], bool]:
        """The newest, or those after one; only those in this state, if one is named. And whether there are more.

        Raises:
            DeadLetterNotFound: the one is not among the newest, any more.
            BrokerUnavailable: Kafka does not answer.
        """
        wanted: list[tuple[Summary, State]] = []
        begun = starting_after is None
        async with aclosing(self._newest(limit + 1)) as parts:
            async for part in parts:
                if not begun:
                    places = [place for place, summary in enumerate(part) if summary.id == starting_after]
                    begun, part = bool(places), part[places[0] + 1 :] if places else []
                states = await dead_letter_states(self._sessions, part) if part else {}
                wanted += [(summary, states[summary.id]) for summary in part if state in (None, states[summary.id])]
                if len(wanted) > limit:
                    break
        if not begun:
            raise _not_found(str(starting_after))
        return wanted[:limit], len(wanted) > limit

    async def _newest(self, first: int) -> AsyncGenerator[list[Summary], None]:
        """Each once, in parts: no more of the topic is read than is wanted."""
        seen: set[str] = set()
        part: list[Summary] = []
        async with aclosing(self._read_newest(NEWEST, NEWEST_BYTES)) as newest:
            async for dead_letter in newest:
                if dead_letter.id in seen:
                    continue
                seen.add(dead_letter.id)
                part.append(Summary.of(dead_letter))
                if len(part) == first:
                    yield part
                    part, first = [], _AT_ONCE
        if part:
            yield part

    async def find(self, ids: Collection[str]) -> list[tuple[DeadLetter, State]]:
        """Each of these, in their order.

        Raises:
            DeadLetterNotFound: one is not among the newest.
            BrokerUnavailable: Kafka does not answer.
        """
        wanted = dict.fromkeys(ids)
        found: dict[str, DeadLetter] = {}
        async with aclosing(self._read_newest(NEWEST, NEWEST_BYTES)) as newest:
            async for dead_letter in newest:
                if dead_letter.id in wanted:
                    found.setdefault(dead_letter.id, dead_letter)
                if len(found) == len(wanted):
                    break
        if missing := [id_ for id_ in wanted if id_ not in found]:
            raise _not_found(missing[0])
        states = await dead_letter_states(self._sessions, list(found.values()))
        return [(found[id_], states[id_]) for id_ in wanted]


def _not_found(id_: str) -> DeadLetterNotFound:
    return DeadLetterNotFound(sentence("no-dead-letter", id=id_, newest=NEWEST, mb=NEWEST_BYTES >> 20))
