"""Sends refused records again, edited or as they were, or decides that they never count. Each act has its line in the audit log."""

from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from typing import Any

from ordercast.contracts.because import Sentence, sentence
from ordercast.services.order_api.dead_letters.check_record import Checked, check_replay, event_type_of, refusal_of
from ordercast.services.order_api.dead_letters.read_dead_letters import ReadDeadLetters
from ordercast.services.order_api.errors import DeadLetterNotWaiting, RefusedAgain
from ordercast.services.shared.audit.record import record_act
from ordercast.services.shared.db.dead_letter_states import State, discard_dead_letters
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.http.caller import Caller
from ordercast.services.shared.kafka.dead_letters import DeadLetter
from ordercast.services.shared.kafka.ports import Publisher
from ordercast.services.shared.kafka.publish_dead_letters import replay

OpenPublisher = Callable[[], AbstractAsyncContextManager[Publisher]]


@dataclass(frozen=True, slots=True)
class Edit:
    """What takes the place of a refused record's own; None: nothing does. The numbers of a replay are always its own."""

    body: bytes | None = None
    headers: list[tuple[str, bytes]] | None = None

    def of(self, dead_letter: DeadLetter) -> DeadLetter:
        record = dead_letter.record
        if self.body is not None:
            record = replace(record, value=self.body)
        if self.headers is not None:
            record = replace(record, headers=self.headers)
        # With a body and headers of its own nothing of what was cut off is missing.
        is_whole = self.body is not None and self.headers is not None
        return replace(dead_letter, record=record, is_cut=dead_letter.is_cut and not is_whole)

    @property
    def names(self) -> list[str]:
        return [name for name in ("body", "headers") if getattr(self, name) is not None]


@dataclass(slots=True)
class Outcome:
    """The ids of those with which it was done, and of the others why not."""

    done: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)


class RepairDeadLetters:
    def __init__(
        self, sessions: Sessions, reading: ReadDeadLetters, open_publisher: OpenPublisher, *, partitions: int
    ) -> None:
        self._sessions = sessions
        self._reading = reading
        self._open_publisher = open_publisher
        self._partitions = partitions

    async def replay_one(self, by: Caller, dead_letter_id: str, edit: Edit, *, dry_run: bool) -> Checked:
        """What the contract and the worker say of it; it is sent if the worker takes it, and this is no dry run.

        Raises:
            DeadLetterNotFound, DeadLetterNotWaiting
            RefusedAgain: the worker would refuse it again; nothing was sent.
            BrokerUnavailable: Kafka does not answer; it may have been sent.
        """
        [(found, state)] = await self._reading.find([dead_letter_id])
        edited = edit.of(found)
        checked = check_replay(edited, self._partitions)
        if dry_run:
            return checked
        if reason := _not_waiting(edited, state):
            raise DeadLetterNotWaiting(reason)
        if checked.refusal is not None:
            fields = {error.field: error.message for error in checked.errors}
            raise RefusedAgain(f"the worker would refuse it again: {checked.refusal}", fields=fields)
        async with self._open_publisher() as publisher:
            await self._send(publisher, by, edited, edited_parts=edit.names)
        return checked

    async def replay(self, by: Caller, ids: Collection[str], *, dry_run: bool) -> Outcome:
        """Sends those that wait and that the worker takes, as they were; the others are left. A dry run says which.

        Raises:
            DeadLetterNotFound: of one; nothing was sent.
            BrokerUnavailable: Kafka does not answer; some may have been sent, and asking again sends none twice.
        """
        outcome, chosen = Outcome(), list[DeadLetter]()
        for found, state in await self._reading.find(ids):
            reason = _not_waiting(found, state) or refusal_of(found, self._partitions)
            if reason is None:
                chosen.append(found)
            else:
                outcome.left[found.id] = reason
        if chosen and not dry_run:
            async with self._open_publisher() as publisher:
                for dead_letter in chosen:
                    await self._send(publisher, by, dead_letter)
        outcome.done += [dead_letter.id for dead_letter in chosen]
        return outcome

    async def discard(self, by: Caller, ids: Collection[str], *, dry_run: bool = False) -> Outcome:
        """These never count. It cannot be taken back. A dry run says which wait.

        Raises:
            DeadLetterNotFound: of one; nothing was done.
        """
        states = {found.id: state for found, state in await self._reading.find(ids)}
        if dry_run:
            waiting = sorted(id_ for id_, state in states.items() if state == "waiting")
            return Outcome(waiting, {id_: _done_already(state) for id_, state in states.items() if state != "waiting"})
        async with self._sessions() as session, session.begin():
            discarded = await discard_dead_letters(session, ids)
            for id_ in sorted(discarded):
                record_act(session, "dead-letter-discarded", by, f"dead-letters/{id_}")
        left: dict[str, str] = {id_: _done_already(state) for id_, state in states.items() if id_ not in discarded}
        return Outcome(sorted(discarded), left)

    async def _send(self, publisher: Publisher, by: Caller, dead_letter: DeadLetter, **details: Any) -> None:
        """The line first: what is sent has one. No connection of the database is held while Kafka answers."""
        event_type = event_type_of(dead_letter.record.headers)
        async with self._sessions() as session, session.begin():
            record_act(
                session, "dead-letter-replayed", by, f"dead-letters/{dead_letter.id}", type=event_type, **details
            )
        await replay(publisher, [dead_letter])


def _not_waiting(dead_letter: DeadLetter, state: State) -> Sentence | None:
    if state != "waiting":
        return _done_already(state)
    return sentence("letter-too-large") if dead_letter.is_cut else None


def _done_already(state: State) -> Sentence:
    return {
        "waiting": sentence("letter-just-changed"),
        "replayed": sentence("letter-replayed"),
        "discarded": sentence("letter-discarded"),
        "applied": sentence("letter-counted"),
    }[state]
