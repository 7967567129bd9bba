"""POST /trainings and what can be seen and done of a training. For operators and admins."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from ordercast.services.shared.http.authentication import CurrentCaller
from ordercast.services.shared.http.paging import DEFAULT_LIMIT, Limit, Page
from ordercast.services.shared.http.raises import raises
from ordercast.services.shared.http.still_allowed import StillAllowed
from ordercast.services.trainer import errors
from ordercast.services.trainer.event_stream import EVENTS_DESCRIBED, EventStream
from ordercast.services.trainer.jobs.answers import TrainingAnswer
from ordercast.services.trainer.jobs.ask_for_training import (
    ask_for_training,
    cancel_training,
    read_training,
    read_trainings,
)
from ordercast.services.trainer.jobs.used_recipes import used_recipes
from ordercast.services.trainer.recipes import asked_training
from ordercast.services.trainer.schemas import RecipesAnswer, TrainingRequest
from ordercast.services.trainer.wiring import CurrentService

router = APIRouter(tags=["trainings"])


@router.post("/trainings", status_code=202)
@raises(errors.BadRecipe, errors.TrainingTooLarge, errors.QueueFull)
async def ask(
    body: TrainingRequest, caller: CurrentCaller, service: CurrentService, response: Response
) -> TrainingAnswer:
    """Queues a training on all that is known when it starts: `baseline` on the feature table, `demand` on the activity by day."""
    asked = asked_training(
        body.recipe,
        members=body.members,
        epochs=body.epochs,
        batch_size=body.batch_size,
        publish=body.publish,
        horizon_days=body.horizon_days,
        until=body.until,
    )
    training = await ask_for_training(service.sessions, asked, body.seed, asked_by=caller, bounds=service.bounds)
    response.headers["Location"] = f"/trainings/{training.id}"
    return training


@router.get("/trainings")
async def list_trainings(
    _: CurrentCaller,
    service: CurrentService,
    limit: Limit = DEFAULT_LIMIT,
    starting_after: Annotated[UUID | None, Query(description="id of the last training of the page before")] = None,
) -> Page[TrainingAnswer]:
    """Trainings, the newest first."""
    data, has_more = await read_trainings(service.sessions, limit=limit, starting_after=starting_after)
    return Page(data=list(data), has_more=has_more)


@router.get("/recipes", tags=["recipes"])
async def list_recipes(_: CurrentCaller, service: CurrentService) -> RecipesAnswer:
    """What trainings go by: the built-in recipes with all their values, and those that were written and used."""
    return RecipesAnswer(data=list(await used_recipes(service.sessions)))


@router.get("/trainings/{training_id}")
@raises(errors.UnknownTraining)
async def get_training(training_id: UUID, _: CurrentCaller, service: CurrentService) -> TrainingAnswer:
    """One training, with its progress."""
    return await read_training(service.sessions, training_id)


# A dependency, because an answer that streams has begun before its first event: too late for a 404.
Existing = Annotated[TrainingAnswer, Depends(get_training)]


@router.get("/trainings/{training_id}/events", status_code=200, response_class=EventStream, responses=EVENTS_DESCRIBED)
@raises(errors.UnknownTraining)
async def get_events(
    training: Existing, request: Request, caller: CurrentCaller, service: CurrentService
) -> EventStream:
    """The epochs so far, each new one as it comes (event `epoch`), which networks answer one constant as soon as it is known (event
    `networks`), and at the end the training (event `ended`).

    The stream ends without the latter when the token does, and within seconds when the caller logs out, is blocked, gets another
    role or has the API key revoked: ask again with a new one.
    """
    return EventStream(service.watch(training.id, request.app.state.stopping, StillAllowed(request, caller)))


@router.delete("/trainings/{training_id}", status_code=202)
@raises(errors.UnknownTraining, errors.TrainingFinished)
async def cancel(training_id: UUID, caller: CurrentCaller, service: CurrentService) -> TrainingAnswer:
    """Cancels: a queued training at once, a running one within about a second."""
    return await cancel_training(service.sessions, training_id, caller)
