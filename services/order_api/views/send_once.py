"""Sends the views of a keyed request so that each counts once, however often the request comes, whole or cut off in the middle."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple
from uuid import UUID, uuid5

import structlog
from sqlalchemy.exc import SQLAlchemyError
from uuid_utils.compat import uuid7

from ordercast.contracts.envelope import SequenceNumber
from ordercast.first_line import first_line
from ordercast.services.order_api.errors import KeyInFlight, KeyReused, Overloaded, TooManyViews
from ordercast.services.order_api.orders.idempotency import (
    Claim,
    claim_keys,
    locked_claim,
    store_answer,
    store_progress,
)
from ordercast.services.order_api.views.batch_progress import BatchProgress, decoded
from ordercast.services.order_api.views.lines import ViewEvent
from ordercast.services.order_api.views.send_views import View
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.unavailable import is_unavailable
from ordercast.services.shared.kafka.errors import KafkaError, NotSent, RecordRefused

log = structlog.stdlib.get_logger()

# Lines that the text of an error names.
NAMED_LINES: Final = 20
# A try holds its batch for so long (s) and renews that while it lasts, for it may wait behind other views. A key whose process
# died is free again after it; clients repeat for longer (`RETRY_FOR_S` in ordercast/client/transport.py).
HOLD_S: Final = 15.0
# Seldom for a try that takes a usual time, and twice more before the hold ends if the database is away at first (s).
RENEW_EVERY_S: Final = 5.0

# By number of the line; an outcome is None if the line counts.
Views = Mapping[int, View]
Outcomes = Mapping[int, KafkaError | None]


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """A request with an Idempotency-Key, and the digests of its lines by number."""

    account_id: int
    operation: str
    key: str
    body_sha256: bytes
    digests: Mapping[int, bytes]
    traceparent: str | None


class Tried(NamedTuple):
    """What became of a keyed request. `answer` is None while a repeat is needed; `outcomes` are empty for one that has had its
    answer before (`replayed`)."""

    answer: bytes | None
    outcomes: Outcomes
    replayed: bool


@dataclass(frozen=True, slots=True)
class _Held:
    """A claim, the try that holds it, its lines, and those of them that no try before may have sent."""

    claim_id: UUID
    holder: UUID
    progress: BatchProgress
    new: frozenset[int]


@dataclass(frozen=True, slots=True)
class SendOnce:
    """Holds a key in the database while its views are sent, and keeps what became of each."""

    sessions: Sessions

    async def __call__(
        self,
        request: KeyedRequest,
        events: Mapping[int, ViewEvent],
        send: Callable[[Views], Awaitable[Outcomes]],
        answer: Callable[[Views, Outcomes], bytes | None],
    ) -> Tried:
        """Sends the events that do not count yet. `answer` makes the whole answer, or None where a repeat is needed.

        Raises:
            KeyReused: the key came with another body before, that has its whole answer or whose lines that count were changed.
            KeyInFlight: a request with this key is being recorded just now, here or in another process.
            Overloaded, TooManyViews: by `send`; nothing was published.
        """
        held = await self._claim(request, {number: request.digests[number] for number in events})
        if isinstance(held, bytes):
            return Tried(held, {}, replayed=True)
        lines, streams = held.progress.lines, held.progress.streams
        views = {
            number: _keyed(event, number, streams[lines[number].stream], request.traceparent)
            for number, event in events.items()
        }
        waiting = {number: view for number, view in views.items() if not lines[number].counts}
        async with self._holding(held):
            try:
                outcomes = dict.fromkeys(events) | dict(await send(waiting)) if waiting else dict.fromkeys(events)
            except (Overloaded, TooManyViews) as error:
                await self._finish(held, request, dict.fromkeys(waiting, NotSent(str(error))), None)
                raise
            whole = answer(views, outcomes)
            await self._finish(held, request, outcomes, whole)
        return Tried(whole, outcomes, replayed=False)

    async def _claim(self, request: KeyedRequest, digests: Mapping[int, bytes]) -> _Held | bytes:
        """Holds the batch, with a place for each line; or the answer that it has got already."""
        now = datetime.now(UTC)
        until = now.timestamp() + HOLD_S
        this_try, progress = uuid7(), BatchProgress()
        progress.hold(this_try, until)
        new = progress.add(digests, this_try)
        claim = Claim(
            request.account_id,
            request.operation,
            request.key,
            request.body_sha256,
            this_try,
            answer=None,
            progress=progress.encoded(),
        )
        async with self.sessions() as session, session.begin():
            before = (await claim_keys(session, [claim], now)).get(this_try)
            if before is None:
                return _Held(this_try, this_try, progress, new)
            if isinstance(before, KeyReused):
                raise before
            if before.answer is not None:
                return before.answer
            progress = decoded(before.progress) if before.progress else BatchProgress()
            if progress.is_held(now.timestamp()):
                raise KeyInFlight("a batch with this Idempotency-Key is being recorded; repeat it in a moment")
            if contradicted := progress.contradicted(digests):
                raise KeyReused(_must_stay(contradicted))
            progress.hold(this_try, until)
            new = progress.add(digests, this_try if progress.streams else before.claim_id)
            await store_progress(session, before.claim_id, progress.encoded())
        return _Held(before.claim_id, this_try, progress, new)

    @asynccontextmanager
    async def _holding(self, held: _Held) -> AsyncIterator[None]:
        """Renews the hold, and ends it where the try is cancelled: a repeat need not wait for it."""
        renewing = asyncio.create_task(self._renew(held), name="hold-batch")
        try:
            yield
        except asyncio.CancelledError:
            renewing.cancel()
            await asyncio.shield(self._hold_until(held, 0.0))
            raise
        finally:
            renewing.cancel()
            await asyncio.wait({renewing})

    async def _renew(self, held: _Held) -> None:
        is_held = True
        while is_held:
            await asyncio.sleep(RENEW_EVERY_S)
            is_held = await self._hold_until(held, datetime.now(UTC).timestamp() + HOLD_S)

    async def _hold_until(self, held: _Held, until: float) -> bool:
        """Moves the end (Unix, s) of the hold; False if the try has lost it. A database that is away changes nothing."""
        try:
            async with self.sessions() as session, session.begin():
                claim = await locked_claim(session, held.claim_id)
                progress = decoded(claim.progress) if claim is not None and claim.progress else BatchProgress()
                if progress.holder != held.holder:
                    return False
                progress.hold(held.holder, until)
                await store_progress(session, held.claim_id, progress.encoded())
        except (SQLAlchemyError, OSError) as error:
            if not is_unavailable(error):
                raise
            log.warning("the hold of a batch was not moved", cause=first_line(error))
        return True

    async def _finish(
        self,
        held: _Held,
        request: KeyedRequest,
        outcomes: Outcomes,
        answer: bytes | None,
    ) -> None:
        """Keeps the whole answer, or else what became of the lines, and lets go of the batch.

        Where the time of this try was over and another one holds the batch, only what counts is kept.
        """
        async with self.sessions() as session, session.begin():
            claim = await locked_claim(session, held.claim_id)
            if claim is None or claim.progress is None:
                return
            progress = decoded(claim.progress)
            is_holder = progress.holder == held.holder
            if is_holder and answer is not None:
                await store_answer(session, held.claim_id, answer, request.body_sha256)
                return
            progress.count(number for number, error in outcomes.items() if error is None)
            if is_holder:
                progress.forget(
                    number
                    for number, error in outcomes.items()
                    # A record that is refused was refused before, too. One that is not sent now may have arrived before.
                    if isinstance(error, RecordRefused) or (isinstance(error, NotSent) and number in held.new)
                )
                progress.release()
            await store_progress(session, held.claim_id, progress.encoded())


def _must_stay(lines: Sequence[int]) -> str:
    named = ", ".join(map(str, lines[:NAMED_LINES])) + (", ..." if len(lines) > NAMED_LINES else "")
    return f"a repeat of this Idempotency-Key has to hold lines that count, or may count, as they were: {named}"


def _keyed(event: ViewEvent, number: int, stream: UUID, traceparent: str | None) -> View:
    """A line of a keyed batch: a repeat has the same event id and number, so that consumers can tell it."""
    sequence = SequenceNumber(f"batch:{stream}", number, "rising")
    return View(uuid5(stream, str(number)), event, traceparent, sequence)
