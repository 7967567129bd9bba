"""Records that the feature worker refused: looked into, sent again, or never to count."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from ordercast.services.order_api import errors
from ordercast.services.order_api.dead_letters.check_record import check_replay
from ordercast.services.order_api.dead_letters.schemas import (
    MAX_ID_LENGTH,
    CheckedAnswer,
    DeadLetterAnswer,
    DeadLetterReplayRequest,
    DeadLettersRequest,
    OutcomeAnswer,
    WholeDeadLetterAnswer,
)
from ordercast.services.order_api.wiring import CurrentService
from ordercast.services.shared.db.dead_letter_states import State
from ordercast.services.shared.http.authentication import CurrentCaller
from ordercast.services.shared.http.paging import DEFAULT_LIMIT, Limit, Page
from ordercast.services.shared.http.raises import raises
from ordercast.services.shared.kafka.errors import BrokerUnavailable, RecordRefused

router = APIRouter(tags=["dead letters"])

PathDeadLetterId = Annotated[str, Path(max_length=MAX_ID_LENGTH, description="TOPIC:PARTITION:OFFSET")]


@router.get("/dead-letters")
@raises(errors.DeadLetterNotFound, BrokerUnavailable)
async def list_dead_letters(
    _: CurrentCaller,
    service: CurrentService,
    state: Annotated[State | None, Query(description="only those of which this became; all without it")] = None,
    limit: Limit = DEFAULT_LIMIT,
    starting_after: Annotated[
        str | None, Query(max_length=MAX_ID_LENGTH, description="id of the last row of the page before")
    ] = None,
) -> Page[DeadLetterAnswer]:
    """What the worker refused and why, the newest first, of the last 2,000 records of the topic of dead letters, or of
    those that have 64 MB."""
    rows, has_more = await service.read_dead_letters.page(state, limit=limit, starting_after=starting_after)
    return Page(data=[DeadLetterAnswer.of(summary, state) for summary, state in rows], has_more=has_more)


@router.get("/dead-letters/{dead_letter_id}")
@raises(errors.DeadLetterNotFound, BrokerUnavailable)
async def read_dead_letter(
    _: CurrentCaller, service: CurrentService, dead_letter_id: PathDeadLetterId
) -> WholeDeadLetterAnswer:
    """One with its record, how that differs from the contract, and what the worker says to a replay of it."""
    [(found, state)] = await service.read_dead_letters.find([dead_letter_id])
    return WholeDeadLetterAnswer.whole(found, state, check_replay(found, service.partitions))


@router.post("/dead-letters/replay")
@raises(errors.DeadLetterNotFound, BrokerUnavailable, RecordRefused)
async def replay_many(body: DeadLettersRequest, caller: CurrentCaller, service: CurrentService) -> OutcomeAnswer:
    """Sends refused records again to where they came from: those that wait, and that the worker takes now. Each counts once,
    however often this is asked. A dry run says what would be sent."""
    return OutcomeAnswer.of(await service.repair_dead_letters.replay(caller, body.ids, dry_run=body.dry_run))


@router.post("/dead-letters/discard")
@raises(errors.DeadLetterNotFound, BrokerUnavailable)
async def discard(body: DeadLettersRequest, caller: CurrentCaller, service: CurrentService) -> OutcomeAnswer:
    """Decides that these never count. They stay in the list; it cannot be taken back. A dry run says which would be discarded."""
    return OutcomeAnswer.of(await service.repair_dead_letters.discard(caller, body.ids, dry_run=body.dry_run))


@router.post("/dead-letters/{dead_letter_id}/replay")
@raises(errors.DeadLetterNotFound, errors.DeadLetterNotWaiting, errors.RefusedAgain, BrokerUnavailable, RecordRefused)
async def replay_one(
    dead_letter_id: PathDeadLetterId, body: DeadLetterReplayRequest, caller: CurrentCaller, service: CurrentService
) -> CheckedAnswer:
    """Sends one record again, with another body or other headers if these are given. What the worker would refuse again is not
    sent. A dry run says how it differs from the contract, and what the worker says."""
    checked = await service.repair_dead_letters.replay_one(caller, dead_letter_id, body.edit(), dry_run=body.dry_run)
    return CheckedAnswer.of(checked, sent=not body.dry_run)
